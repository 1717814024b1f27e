//! Every problem code, with its status, title and page. A code never changes its meaning.

use axum::http::StatusCode;

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each code has its page in docs/problems/")]
pub enum Code {
    BadRequest,
    InvalidAmount,
    InvalidGrant,
    InvalidLink,
    MissingIdempotencyKey,
    InvalidCredentials,
    Unauthenticated,
    InsufficientCredits,
    AccountDisabled,
    AccessNotGranted,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    AdjustmentAlreadyApproved,
    Conflict,
    HoldClosed,
    WalletAlreadyExists,
    WalletNotFrozen,
    PayloadTooLarge,
    UnsupportedMediaType,
    ApproverIsProposer,
    BalanceOverflow,
    CapBelowHold,
    CapExceeded,
    CaptureExceedsHold,
    CostForbidden,
    CostIsZero,
    ExpiryInPast,
    IdempotencyKeyReused,
    MetadataTooLarge,
    NoPrice,
    NotYetHappened,
    PasswordRefused,
    RefundExceedsPurchase,
    ReportTooLarge,
    RollbackExceedsDeduction,
    TooManyCaps,
    TooManyHolds,
    TooManyLots,
    UnknownBudget,
    UnknownUnit,
    WalletFrozen,
    RateLimited,
    TooManyAttempts,
    HeadersTooLarge,
    Internal,
    NotReady,
    Overloaded,
    PositionNotReached,
    Unavailable,
    OutcomeUnknown,
}

/// What belongs to a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeEntry {
    /// The code.
    pub code: Code,
    /// Its name in JSON and in the path of its page.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The problem in two or three words.
    pub title: &'static str,
    /// The page in Markdown: cause, what to do, whether to retry.
    pub page: &'static str,
}

const fn entry(
    code: Code,
    name: &'static str,
    status: u16,
    title: &'static str,
    page: &'static str,
) -> CodeEntry {
    CodeEntry { code, name, status, title, page }
}

macro_rules! page {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems/", $file))
    };
}

/// All codes, in the order of [`Code`].
#[rustfmt::skip]
pub const CODES: &[CodeEntry] = &[
    entry(Code::BadRequest, "bad-request", 400, "Bad request", page!("bad-request.md")),
    entry(Code::InvalidAmount, "invalid-amount", 400, "Invalid amount", page!("invalid-amount.md")),
    entry(Code::InvalidGrant, "invalid-grant", 400, "Invalid grant", page!("invalid-grant.md")),
    entry(Code::InvalidLink, "invalid-link", 400, "Invalid link", page!("invalid-link.md")),
    entry(Code::MissingIdempotencyKey, "missing-idempotency-key", 400, "Idempotency key missing", page!("missing-idempotency-key.md")),
    entry(Code::InvalidCredentials, "invalid-credentials", 401, "Invalid credentials", page!("invalid-credentials.md")),
    entry(Code::Unauthenticated, "unauthenticated", 401, "Unauthenticated", page!("unauthenticated.md")),
    entry(Code::InsufficientCredits, "insufficient-credits", 402, "Insufficient credits", page!("insufficient-credits.md")),
    entry(Code::AccountDisabled, "account-disabled", 403, "Account disabled", page!("account-disabled.md")),
    entry(Code::AccessNotGranted, "access-not-granted", 403, "Access not granted", page!("access-not-granted.md")),
    entry(Code::Forbidden, "forbidden", 403, "Forbidden", page!("forbidden.md")),
    entry(Code::OriginNotAllowed, "origin-not-allowed", 403, "Origin not allowed", page!("origin-not-allowed.md")),
    entry(Code::NotFound, "not-found", 404, "Not found", page!("not-found.md")),
    entry(Code::MethodNotAllowed, "method-not-allowed", 405, "Method not allowed", page!("method-not-allowed.md")),
    entry(Code::RequestTimeout, "request-timeout", 408, "Request timeout", page!("request-timeout.md")),
    entry(Code::AdjustmentAlreadyApproved, "adjustment-already-approved", 409, "Adjustment already approved", page!("adjustment-already-approved.md")),
    entry(Code::Conflict, "conflict", 409, "Conflict", page!("conflict.md")),
    entry(Code::HoldClosed, "hold-closed", 409, "Hold closed", page!("hold-closed.md")),
    entry(Code::WalletAlreadyExists, "wallet-already-exists", 409, "Wallet already exists", page!("wallet-already-exists.md")),
    entry(Code::WalletNotFrozen, "wallet-not-frozen", 409, "Wallet not frozen", page!("wallet-not-frozen.md")),
    entry(Code::PayloadTooLarge, "payload-too-large", 413, "Payload too large", page!("payload-too-large.md")),
    entry(Code::UnsupportedMediaType, "unsupported-media-type", 415, "Unsupported media type", page!("unsupported-media-type.md")),
    entry(Code::ApproverIsProposer, "approver-is-proposer", 422, "Approver is proposer", page!("approver-is-proposer.md")),
    entry(Code::BalanceOverflow, "balance-overflow", 422, "Balance overflow", page!("balance-overflow.md")),
    entry(Code::CapBelowHold, "cap-below-hold", 422, "Cap below hold", page!("cap-below-hold.md")),
    entry(Code::CapExceeded, "cap-exceeded", 422, "Cap exceeded", page!("cap-exceeded.md")),
    entry(Code::CaptureExceedsHold, "capture-exceeds-hold", 422, "Capture exceeds hold", page!("capture-exceeds-hold.md")),
    entry(Code::CostForbidden, "cost-forbidden", 422, "Cost forbidden", page!("cost-forbidden.md")),
    entry(Code::CostIsZero, "cost-is-zero", 422, "Cost is zero", page!("cost-is-zero.md")),
    entry(Code::ExpiryInPast, "expiry-in-past", 422, "Expiry in the past", page!("expiry-in-past.md")),
    entry(Code::IdempotencyKeyReused, "idempotency-key-reused", 422, "Idempotency key reused", page!("idempotency-key-reused.md")),
    entry(Code::MetadataTooLarge, "metadata-too-large", 422, "Metadata too large", page!("metadata-too-large.md")),
    entry(Code::NoPrice, "no-price", 422, "No price", page!("no-price.md")),
    entry(Code::NotYetHappened, "not-yet-happened", 422, "Not yet happened", page!("not-yet-happened.md")),
    entry(Code::PasswordRefused, "password-refused", 422, "Password refused", page!("password-refused.md")),
    entry(Code::RefundExceedsPurchase, "refund-exceeds-purchase", 422, "Refund exceeds purchase", page!("refund-exceeds-purchase.md")),
    entry(Code::ReportTooLarge, "report-too-large", 422, "Report too large", page!("report-too-large.md")),
    entry(Code::RollbackExceedsDeduction, "rollback-exceeds-deduction", 422, "Rollback exceeds deduction", page!("rollback-exceeds-deduction.md")),
    entry(Code::TooManyCaps, "too-many-caps", 422, "Too many caps", page!("too-many-caps.md")),
    entry(Code::TooManyHolds, "too-many-holds", 422, "Too many holds", page!("too-many-holds.md")),
    entry(Code::TooManyLots, "too-many-lots", 422, "Too many lots", page!("too-many-lots.md")),
    entry(Code::UnknownBudget, "unknown-budget", 422, "Unknown budget", page!("unknown-budget.md")),
    entry(Code::UnknownUnit, "unknown-unit", 422, "Unknown unit", page!("unknown-unit.md")),
    entry(Code::WalletFrozen, "wallet-frozen", 423, "Wallet frozen", page!("wallet-frozen.md")),
    entry(Code::RateLimited, "rate-limited", 429, "Rate limited", page!("rate-limited.md")),
    entry(Code::TooManyAttempts, "too-many-attempts", 429, "Too many attempts", page!("too-many-attempts.md")),
    entry(Code::HeadersTooLarge, "headers-too-large", 431, "Headers too large", page!("headers-too-large.md")),
    entry(Code::Internal, "internal", 500, "Internal error", page!("internal.md")),
    entry(Code::NotReady, "not-ready", 503, "Not ready", page!("not-ready.md")),
    entry(Code::Overloaded, "overloaded", 503, "Overloaded", page!("overloaded.md")),
    entry(Code::PositionNotReached, "position-not-reached", 503, "Position not reached", page!("position-not-reached.md")),
    entry(Code::Unavailable, "unavailable", 503, "Unavailable", page!("unavailable.md")),
    entry(Code::OutcomeUnknown, "outcome-unknown", 504, "Outcome unknown", page!("outcome-unknown.md")),
];

impl Code {
    /// What belongs to the code.
    #[must_use]
    pub const fn entry(self) -> &'static CodeEntry {
        &CODES[self as usize]
    }

    /// The code with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        CODES.iter().find(|entry| entry.name == name).map(|entry| entry.code)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_the_codes() {
        for (index, entry) in CODES.iter().enumerate() {
            assert_eq!(entry.code as usize, index, "{}", entry.name);
            assert_eq!(Code::parse(entry.name), Some(entry.code));
        }
        assert_eq!(CODES.last().map(|entry| entry.code), Some(Code::OutcomeUnknown));
        assert_eq!(Code::parse("no-such-code"), None);
    }

    #[test]
    fn each_page_has_the_status_and_title_of_its_code() {
        for entry in CODES {
            let mut lines = entry.page.lines();
            assert_eq!(lines.next(), Some(format!("# {}", entry.name).as_str()));
            assert_eq!(lines.next(), Some(format!("**{} {}**", entry.status, entry.title).as_str()));
        }
    }
}
