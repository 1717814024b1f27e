//! `/v1/entries` and `/v1/wallets/{wallet}/entries`: the audit, newest first.

use axum::extract::State;
use events::{AppId, Credits, OrgId, Position, PublicId, PublicKind, Time, WalletId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    app::Shared,
    cursor,
    extract::{Caller, Params, WalletPath, scope},
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::UuidText,
};
use crate::read::{self, EntryKind, EntryQuery};

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 1_000;

/// Which entries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntryFilters {
    /// Only of these kinds, between commas: opened, purchase, grant, check, deduction, rollback, expiry,
    /// refusal, hold, capture, extension, release, hold_expiry, refund, chargeback, proposal, adjustment,
    /// freeze, unfreeze, limit, cap, threshold, low_balance.
    kind: Option<String>,
    /// Only by this app.
    #[param(value_type = Option<String>, format = "uuid")]
    app: Option<AppId>,
    /// Only at or after this moment, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Only before this moment, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// The `next_cursor` of the page before, with the same filters.
    cursor: Option<String>,
    /// At most so many, 1 to 1,000; 50 when absent.
    limit: Option<usize>,
    /// The answer must include the event at this position: the `position` of an earlier answer.
    min_position: Option<u64>,
    /// How many seconds to wait for it, 0 to 30; 5 when absent.
    wait: Option<u32>,
}

impl EntryFilters {
    fn query(&self, org: OrgId, wallet: Option<WalletId>) -> Result<EntryQuery, Problem> {
        let kinds = self.kind.iter().flat_map(|kinds| kinds.split(','));
        let kinds = kinds.map(|kind| EntryKind::parse(kind.trim()).ok_or_else(|| unknown_kind(kind)));
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::bad_request(format!("`limit` is 1 to {LIMIT_MAX}")));
        }
        let before = |cursor: &str| {
            let position = cursor::decode(cursor, &self.canonical(org, wallet));
            position.ok_or_else(|| Problem::bad_request("`cursor` is none of a list with these filters"))
        };
        Ok(EntryQuery {
            org,
            wallet,
            kinds: kinds.collect::<Result<_, _>>()?,
            app: self.app,
            from: self.from,
            until: self.until,
            before: self.cursor.as_deref().map(before).transpose()?,
            limit,
        })
    }

    /// What must be the same on every page of a list.
    fn canonical(&self, org: OrgId, wallet: Option<WalletId>) -> Vec<u8> {
        format!("{org}|{wallet:?}|{:?}|{:?}|{:?}|{:?}", self.kind, self.app, self.from, self.until)
            .into_bytes()
    }

    const fn at_least(&self) -> AtLeast {
        AtLeast { min_position: self.min_position, wait: self.wait }
    }
}

fn unknown_kind(kind: &str) -> Problem {
    let known = EntryKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let shown: String = kind.chars().take(40).collect();
    Problem::bad_request(format!("`kind` is one or more of {known}, not `{shown}`"))
}

/// A page of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryPage {
    /// Newest first.
    data: Vec<Entry>,
    /// Pass as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there is a next page.
    has_more: bool,
    /// Events below this position were looked at.
    #[schema(value_type = String, example = "43")]
    as_of_position: Position,
}

/// One line of the audit: an event that matters to an auditor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entry {
    /// Its position in the log.
    #[schema(value_type = String, example = "42")]
    position: Position,
    /// The id of what it made, when that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ded_1b4e28ba_42")]
    id: Option<PublicId>,
    /// When it was decided, UTC.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// The app that acted; absent when an operator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    app: Option<AppId>,
    /// What happened.
    #[schema(example = "deduction")]
    kind: &'static str,
    /// What it added to the balance or, negative, took from it.
    #[schema(value_type = String, example = "-0.5")]
    amount: Credits,
    /// The balance afterwards.
    #[schema(value_type = String, example = "69.5")]
    balance: Credits,
    /// The service, payment reference, reason, refusal code or position it refers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// The caller's idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    /// What undid it last: a rollback of a deduction or capture, a refund or chargeback of a purchase, or
    /// the adjustment that a proposal became when it was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "rol_1b4e28ba_57")]
    reversed_by: Option<PublicId>,
}

impl Entry {
    fn of(shared: &Shared, entry: read::Entry) -> Self {
        let made = made_by(entry.kind).map(|kind| shared.public_id(kind, entry.position));
        Self {
            position: entry.position,
            id: made,
            time: entry.time,
            wallet: entry.wallet,
            app: entry.app,
            kind: entry.kind.as_str(),
            amount: entry.amount,
            balance: entry.balance,
            reference: entry.reference,
            idempotency_key: entry.key,
            reversed_by: reversed_by(entry.kind)
                .zip(entry.reversed_by)
                .map(|(kind, by)| shared.public_id(kind, by)),
        }
    }
}

/// What an entry of this kind made.
const fn made_by(kind: EntryKind) -> Option<PublicKind> {
    match kind {
        EntryKind::Purchase => Some(PublicKind::Purchase),
        EntryKind::Grant => Some(PublicKind::Grant),
        EntryKind::Check => Some(PublicKind::Check),
        EntryKind::Deduction => Some(PublicKind::Deduction),
        EntryKind::Rollback => Some(PublicKind::Rollback),
        EntryKind::Hold => Some(PublicKind::Hold),
        EntryKind::Capture => Some(PublicKind::Capture),
        EntryKind::Refund | EntryKind::Chargeback => Some(PublicKind::Refund),
        EntryKind::Proposal | EntryKind::Adjustment => Some(PublicKind::Adjustment),
        EntryKind::Opened
        | EntryKind::Expiry
        | EntryKind::Refusal
        | EntryKind::Extension
        | EntryKind::Release
        | EntryKind::HoldExpiry
        | EntryKind::Freeze
        | EntryKind::Unfreeze
        | EntryKind::Limit
        | EntryKind::Cap
        | EntryKind::Threshold
        | EntryKind::LowBalance => None,
    }
}

/// What gives or takes back what an entry of this kind made, or approves it.
const fn reversed_by(kind: EntryKind) -> Option<PublicKind> {
    match kind {
        EntryKind::Deduction | EntryKind::Capture => Some(PublicKind::Rollback),
        EntryKind::Purchase => Some(PublicKind::Refund),
        EntryKind::Proposal => Some(PublicKind::Adjustment),
        EntryKind::Opened
        | EntryKind::Grant
        | EntryKind::Check
        | EntryKind::Rollback
        | EntryKind::Expiry
        | EntryKind::Refusal
        | EntryKind::Hold
        | EntryKind::Extension
        | EntryKind::Release
        | EntryKind::HoldExpiry
        | EntryKind::Refund
        | EntryKind::Chargeback
        | EntryKind::Adjustment
        | EntryKind::Freeze
        | EntryKind::Unfreeze
        | EntryKind::Limit
        | EntryKind::Cap
        | EntryKind::Threshold
        | EntryKind::LowBalance => None,
    }
}

/// Lists the entries of the organization, newest first; of the own wallet, for a customer.
#[utoipa::path(
    get, path = "/v1/entries", tag = "audit", operation_id = "list_entries",
    params(EntryFilters),
    responses((status = 200, description = "A page of entries", body = EntryPage)),
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Params(filters): Params<EntryFilters>,
) -> Result<Reply, Problem> {
    page(&shared, caller.org, caller.or_own(None), &filters).await
}

/// Lists the entries of one wallet, newest first.
#[utoipa::path(
    get, path = "/v1/wallets/{wallet}/entries", tag = "audit", operation_id = "list_wallet_entries",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), EntryFilters),
    responses((status = 200, description = "A page of entries", body = EntryPage)),
)]
pub(super) async fn list_of_wallet(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    WalletPath(wallet): WalletPath,
    Params(filters): Params<EntryFilters>,
) -> Result<Reply, Problem> {
    caller.must_reach(&shared, wallet)?;
    page(&shared, caller.org, Some(wallet), &filters).await
}

async fn page(
    shared: &Shared,
    org: OrgId,
    wallet: Option<WalletId>,
    filters: &EntryFilters,
) -> Result<Reply, Problem> {
    let query = filters.query(org, wallet)?;
    shared.reached(&filters.at_least()).await?;
    if let Some(wallet) = wallet {
        let view = shared.reads.wallet(wallet).await?;
        view.filter(|view| view.row.org == org).ok_or_else(|| Problem::not_found("wallet"))?;
    }
    let page = shared.reads.entries(query).await?;
    let page = EntryPage {
        data: page.entries.into_iter().map(|entry| Entry::of(shared, entry)).collect(),
        next_cursor: page.next.map(|before| cursor::encode(before, &filters.canonical(org, wallet))),
        has_more: page.next.is_some(),
        as_of_position: page.as_of,
    };
    Ok(Reply::ok(&page))
}
