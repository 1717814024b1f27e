//! Which problems a route may answer.

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::http::{
    problem::Code,
    routes::{Access, Kind, Route},
};

/// The error responses of a route, by status: references into `shared`, because many routes answer
/// the same.
pub(super) fn responses(route: &Route, shared: &mut Map<String, Value>) -> Map<String, Value> {
    match route.kind {
        Kind::Oauth => return oauth_errors(),
        Kind::Page => return pages(),
        Kind::Discovery
        | Kind::Read
        | Kind::Command
        | Kind::KeyOptional
        | Kind::Batch
        | Kind::Rule
        | Kind::Account
        | Kind::Administration => {}
    }
    let mut codes = codes(route);
    codes.sort_unstable();
    codes.dedup();
    let mut responses = Map::new();
    for group in codes.chunk_by(|one, next| one.entry().status == next.entry().status) {
        let names: Vec<_> = group.iter().map(|code| code.entry().name).collect();
        let name = names.join(".");
        responses.insert(
            group[0].entry().status.to_string(),
            json!({ "$ref": format!("#/components/responses/{name}") }),
        );
        shared.entry(name).or_insert_with(|| response(group));
    }
    responses
}

/// The response of these codes, which have one status.
fn response(codes: &[Code]) -> Value {
    let links: Vec<_> =
        codes.iter().map(|code| format!("[`{0}`](/problems/{0})", code.entry().name)).collect();
    let mut response = json!({
        "description": links.join(", "),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        "headers": { "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } },
    });
    let further = match codes[0].entry().status {
        401 => Some("WWW-Authenticate"),
        429 | 503 => Some("Retry-After"),
        _ => None,
    };
    if let Some(name) = further {
        response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
    }
    response
}

/// What endpoints of OAuth answer when they refuse.
fn oauth_errors() -> Map<String, Value> {
    let answer = |text: &str| {
        json!({
            "description": text,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/OauthError" } } },
            "headers": { "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } },
        })
    };
    let mut unauthenticated = answer("Wrong or no credentials");
    unauthenticated["headers"]["WWW-Authenticate"] =
        json!({ "$ref": "#/components/headers/WWW-Authenticate" });
    let mut answers = Map::from_iter([
        ("400".to_owned(), answer("An OAuth error, such as `invalid_grant`")),
        ("401".to_owned(), unauthenticated),
        ("403".to_owned(), answer("The token lacks a scope")),
    ]);
    for status in ["429", "503"] {
        let mut later = answer("Come back later");
        later["headers"]["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" });
        answers.insert(status.to_owned(), later);
    }
    answers
}

/// What pages answer when they refuse.
fn pages() -> Map<String, Value> {
    let page = |text: &str| {
        json!({
            "description": text,
            "content": { "text/html": { "schema": { "type": "string" } } },
            "headers": { "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } },
        })
    };
    let pages = [
        ("400", "A page that says what is wrong"),
        ("401", "The page again: that did not work"),
        ("403", "The form was not sent from this browser by a page of ours"),
        ("429", "The page again: too many attempts"),
        ("503", "A page that asks to come back"),
    ];
    pages.into_iter().map(|(status, text)| (status.to_owned(), page(text))).collect()
}

fn codes(route: &Route) -> Vec<Code> {
    let mut codes = vec![Code::HeadersTooLarge, Code::Internal];
    if route.access != Access::Public {
        codes.extend([
            Code::BadRequest,
            Code::Unauthenticated,
            Code::Forbidden,
            Code::NotFound,
            Code::RateLimited,
        ]);
    }
    if matches!(route.method, Method::POST | Method::PUT) {
        codes.extend([Code::RequestTimeout, Code::PayloadTooLarge, Code::UnsupportedMediaType]);
    }
    codes.extend_from_slice(match route.kind {
        Kind::Discovery | Kind::Oauth | Kind::Page => &[],
        Kind::Read => &[Code::Unavailable],
        Kind::Administration | Kind::Rule => {
            &[Code::Conflict, Code::NotReady, Code::Overloaded, Code::Unavailable, Code::OutcomeUnknown]
        }
        Kind::Account => {
            &[Code::BadRequest, Code::NotReady, Code::Overloaded, Code::Unavailable, Code::OutcomeUnknown]
        }
        Kind::Command | Kind::KeyOptional | Kind::Batch => &[
            Code::MissingIdempotencyKey,
            Code::IdempotencyKeyReused,
            Code::NotReady,
            Code::Overloaded,
            Code::Unavailable,
        ],
    });
    if matches!(route.kind, Kind::KeyOptional | Kind::Batch) {
        codes.push(Code::OutcomeUnknown);
    }
    codes.extend_from_slice(of_path(route));
    codes
}

/// What spending may be refused for.
const SPENDING: &[Code] = &[
    Code::InvalidAmount,
    Code::InsufficientCredits,
    Code::MetadataTooLarge,
    Code::WalletFrozen,
    Code::CapExceeded,
    Code::UnknownBudget,
    Code::NoPrice,
    Code::UnknownUnit,
    Code::CostIsZero,
    Code::CostForbidden,
    Code::BalanceOverflow,
];
const HOLDING: &[Code] = &[
    Code::InvalidAmount,
    Code::InsufficientCredits,
    Code::MetadataTooLarge,
    Code::WalletFrozen,
    Code::CapExceeded,
    Code::UnknownBudget,
    Code::NoPrice,
    Code::UnknownUnit,
    Code::CostIsZero,
    Code::CostForbidden,
    Code::BalanceOverflow,
    Code::CapBelowHold,
    Code::TooManyHolds,
];
const CAPTURING: &[Code] = &[
    Code::InvalidAmount,
    Code::InsufficientCredits,
    Code::MetadataTooLarge,
    Code::WalletFrozen,
    Code::HoldClosed,
    Code::CaptureExceedsHold,
    Code::CapExceeded,
    Code::NoPrice,
    Code::UnknownUnit,
    Code::CostIsZero,
    Code::CostForbidden,
    Code::BalanceOverflow,
];
const CHECKING: &[Code] = &[
    Code::InvalidAmount,
    Code::NoPrice,
    Code::UnknownUnit,
    Code::CostIsZero,
    Code::CostForbidden,
    Code::BalanceOverflow,
    Code::CapBelowHold,
];

/// What only this route may answer.
fn of_path(route: &Route) -> &'static [Code] {
    let reads = route.method == Method::GET;
    match route.path {
        "/v1/wallets" => &[Code::WalletAlreadyExists],
        "/v1/wallets/{wallet}/deductions" | "/api/mcp/v1/credits/deduct" | "/v1/deductions:batch" => SPENDING,
        "/v1/holds" if !reads => HOLDING,
        "/v1/wallets/{wallet}/checks" | "/api/mcp/v1/credits/check" | "/v1/checks:batch" => CHECKING,
        "/v1/holds/{id}/captures" => CAPTURING,
        "/v1/holds/{id}/extensions" => &[Code::HoldClosed, Code::WalletFrozen],
        "/v1/holds/{id}/release" => &[Code::HoldClosed],
        "/v1/purchases/{id}/refunds" | "/v1/purchases/{id}/chargebacks" => {
            &[Code::InvalidAmount, Code::RefundExceedsPurchase, Code::BalanceOverflow]
        }
        "/v1/adjustments" => {
            &[Code::InvalidAmount, Code::InsufficientCredits, Code::TooManyLots, Code::BalanceOverflow]
        }
        "/v1/adjustments/{id}/approval" => &[
            Code::AdjustmentAlreadyApproved,
            Code::ApproverIsProposer,
            Code::InsufficientCredits,
            Code::TooManyLots,
            Code::BalanceOverflow,
        ],
        "/v1/wallets/{wallet}/freeze" => &[Code::WalletFrozen],
        "/auth/register" => &[Code::NotFound, Code::PasswordRefused, Code::TooManyAttempts],
        "/auth/verify-email" => &[Code::InvalidLink],
        "/auth/login" => &[Code::InvalidCredentials, Code::AccountDisabled, Code::TooManyAttempts],
        "/auth/refresh" => &[Code::InvalidCredentials],
        "/auth/password" => {
            &[Code::InvalidCredentials, Code::Conflict, Code::PasswordRefused, Code::TooManyAttempts]
        }
        "/auth/password/reset" => &[Code::InvalidLink, Code::PasswordRefused, Code::TooManyAttempts],
        "/v1/wallets/{wallet}/unfreeze" => &[Code::WalletNotFrozen],
        "/v1/wallets/{wallet}/credit-limit" | "/v1/wallets/{wallet}/low-balance" => &[Code::InvalidAmount],
        "/v1/wallets/{wallet}/caps" => &[Code::InvalidAmount, Code::TooManyCaps],
        "/v1/prices/{service}" => &[Code::InvalidAmount],
        "/v1/policy" if !reads => &[Code::InvalidAmount],
        "/v1/wallets/{wallet}/purchases" | "/v1/wallets/{wallet}/grants" => {
            &[Code::InvalidAmount, Code::ExpiryInPast, Code::TooManyLots, Code::BalanceOverflow]
        }
        "/v1/deductions/{id}/rollbacks" => {
            &[Code::InvalidAmount, Code::RollbackExceedsDeduction, Code::TooManyLots, Code::BalanceOverflow]
        }
        "/v1/wallets/{wallet}/explanation" => {
            &[Code::PositionNotReached, Code::NotYetHappened, Code::ReportTooLarge]
        }
        "/v1/reports/usage" => &[Code::PositionNotReached, Code::ReportTooLarge],
        "/v1/wallets/{wallet}" | "/v1/wallets/{wallet}/statement" | "/v1/reports/liability" => {
            &[Code::PositionNotReached, Code::NotYetHappened]
        }
        "/v1/wallets/{wallet}/deductions/{id}"
        | "/v1/deductions/{id}"
        | "/v1/holds/{id}"
        | "/v1/adjustments/{id}"
        | "/v1/prices"
        | "/v1/policy"
        | "/v1/entries"
        | "/v1/wallets/{wallet}/entries"
            if reads =>
        {
            &[Code::PositionNotReached]
        }
        "/readyz" => &[Code::NotReady, Code::BadRequest],
        "/problems/{code}" => &[Code::NotFound],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::ROUTES;

    #[test]
    fn a_deduction_documents_its_refusal() {
        let route = ROUTES.iter().find(|route| route.path.ends_with("/deductions")).expect("the route");
        let mut shared = Map::new();
        let responses = responses(route, &mut shared);
        assert_eq!(responses["402"]["$ref"], "#/components/responses/insufficient-credits");
        assert!(shared["rate-limited"]["headers"]["Retry-After"].is_object());
        assert!(!responses.contains_key("504"), "a command with a key is never told not to repeat");
    }
}
