//! `/v1/wallets/{wallet}/explanation`: where every credit of a wallet came from, and where it went.

use std::collections::BTreeMap;

use axum::extract::State;
use events::{Position, Time, WalletId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Caller, Params, WalletPath, scope},
    problem::{Code, Problem},
    reply::Reply,
    shapes::{Funds, Terms, UuidText},
    sums::Sum,
    wallets::WalletMoment,
};
use crate::read::{self, Explained, LotStory, Origin, When};

/// The most events of a wallet that are read for one answer, checks and refusals included.
const EVENTS_MAX: usize = 100_000;

/// The whole life of a wallet, lot by lot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Explanation {
    /// The wallet.
    #[schema(value_type = String, format = "uuid", example = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    wallet: WalletId,
    #[serde(flatten)]
    funds: Funds,
    /// Every lot there ever was, oldest first. What is free and held of all of them, less the debt that
    /// is owed, is the balance.
    lots: Vec<ExplainedLot>,
    debt: ExplainedDebt,
    /// Events below this position are in the answer, none above.
    #[schema(value_type = String, example = "43")]
    as_of_position: Position,
}

/// One lot. `amount + given_back = spent + expired + refunded + adjusted + settled + free + held`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExplainedLot {
    /// Position of the event that made it.
    #[schema(value_type = String, example = "7")]
    id: Position,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    made_at: Time,
    /// By what.
    origin: LotOrigin,
    /// The payment reference or reason of that event.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Box<str>>,
    #[serde(flatten)]
    terms: Terms,
    /// What came in.
    #[schema(value_type = String, example = "100")]
    amount: Sum,
    /// What rollbacks gave back to it.
    #[schema(value_type = String, example = "2")]
    given_back: Sum,
    /// What was spent of it, by service.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "chat": "32.5" }))]
    spent: BTreeMap<Box<str>, Sum>,
    /// What expired of it.
    #[schema(value_type = String, example = "0")]
    expired: Sum,
    /// What refunds and chargebacks took of it.
    #[schema(value_type = String, example = "0")]
    refunded: Sum,
    /// What adjustments took of it.
    #[schema(value_type = String, example = "0")]
    adjusted: Sum,
    /// What of it paid debt.
    #[schema(value_type = String, example = "0")]
    settled: Sum,
    /// What is left and not held.
    #[schema(value_type = String, example = "63.5")]
    free: Sum,
    /// What is left and held.
    #[schema(value_type = String, example = "6")]
    held: Sum,
}

/// What made a lot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LotOrigin {
    /// A purchase.
    Purchase,
    /// A grant.
    Grant,
    /// A correction by a person.
    Adjustment,
    /// A rollback of credits that had been drawn on the credit limit.
    Rollback,
}

/// The debt. `spent + refunded - given_back - settled = owed`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExplainedDebt {
    /// What was spent beyond the lots, by service.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "chat": "3" }))]
    spent: BTreeMap<Box<str>, Sum>,
    /// What was taken back after it had been spent.
    #[schema(value_type = String, example = "0")]
    refunded: Sum,
    /// What rollbacks took off it.
    #[schema(value_type = String, example = "0")]
    given_back: Sum,
    /// What lots paid of it.
    #[schema(value_type = String, example = "3")]
    settled: Sum,
    /// What is still owed.
    #[schema(value_type = String, example = "0")]
    owed: Sum,
}

fn by_service(spent: BTreeMap<Box<str>, i128>) -> BTreeMap<Box<str>, Sum> {
    spent.into_iter().map(|(service, micros)| (service, Sum(micros))).collect()
}

impl From<LotStory> for ExplainedLot {
    fn from(lot: LotStory) -> Self {
        Self {
            id: lot.lot,
            made_at: lot.made,
            origin: match lot.origin {
                Origin::Purchase => LotOrigin::Purchase,
                Origin::Grant => LotOrigin::Grant,
                Origin::Adjustment => LotOrigin::Adjustment,
                Origin::Rollback => LotOrigin::Rollback,
            },
            reference: lot.reference,
            terms: Terms::from(&lot.terms),
            amount: Sum(lot.amount),
            given_back: Sum(lot.given_back),
            spent: by_service(lot.spent),
            expired: Sum(lot.expired),
            refunded: Sum(lot.refunded),
            adjusted: Sum(lot.adjusted),
            settled: Sum(lot.settled),
            free: Sum(lot.free),
            held: Sum(lot.held),
        }
    }
}

impl From<read::Explanation> for Explanation {
    fn from(told: read::Explanation) -> Self {
        let debt = told.debt;
        Self {
            wallet: told.wallet,
            funds: Funds::from(&told.balances),
            lots: told.lots.into_iter().map(ExplainedLot::from).collect(),
            debt: ExplainedDebt {
                spent: by_service(debt.spent),
                refunded: Sum(debt.refunded),
                given_back: Sum(debt.given_back),
                settled: Sum(debt.settled),
                owed: Sum(debt.owed),
            },
            as_of_position: told.as_of,
        }
    }
}

/// Explains a wallet, now or at any moment before: every lot, what came into it and where it went.
///
/// Reads all of the wallet's events up to then: for wallets with at most 100,000, checks and
/// refusals included.
#[utoipa::path(
    get, path = "/v1/wallets/{wallet}/explanation", tag = "audit", operation_id = "explain_wallet",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), WalletMoment),
    responses((status = 200, description = "The explanation", body = Explanation)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    WalletPath(wallet): WalletPath,
    Params(moment): Params<WalletMoment>,
) -> Result<Reply, Problem> {
    caller.must_reach(&shared, wallet)?;
    let unknown = || Problem::not_found("wallet");
    let when = moment.reached(&shared).await?;
    let when = when.unwrap_or_else(|| When::Position(*shared.reads.checkpoint().borrow()));
    let view = shared.reads.wallet(wallet).await?;
    view.filter(|view| view.row.org == caller.org).ok_or_else(unknown)?;
    let told = match shared.reads.explanation(wallet, when, EVENTS_MAX).await? {
        Explained::Told(told) => *told,
        Explained::Unknown => return Err(unknown()),
        Explained::TooLong => {
            let detail = format!("the wallet has more than {EVENTS_MAX} events until then");
            return Err(Problem::new(Code::ReportTooLarge, detail));
        }
    };
    if !told.foots() {
        tracing::error!(%wallet, "an explanation does not add up");
        return Err(Problem::new(Code::Internal, "the explanation does not add up"));
    }
    Ok(Reply::ok(&Explanation::from(told)))
}
