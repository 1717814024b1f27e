//! `/v1/wallets/{wallet}/caps`: what apps and their budgets may spend.

use axum::extract::State;
use events::{AppId, CapSet, Credits, Event, Period, WalletId};
use ledger::{Command, SetCap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    app::Shared,
    deductions::budget,
    extract::{AmountField, Asking, Caller, Intent, Payload, Text, WalletPath, scope},
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, UuidText},
};

/// A cap to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CapRequest<'a> {
    /// The app that spends.
    #[schema(value_type = String, format = "uuid")]
    app: Uuid,
    /// The name of a budget, 1 to 64 characters, which the app's requests then may name; all that the
    /// app spends, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64, example = "agent-7")]
    budget: Option<Text<'a>>,
    /// Over which time: days and months in UTC.
    period: CapPeriod,
    /// The most, as a decimal string of at least zero; `null` takes the cap away.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, required, example = "100")]
    amount: AmountField<'a>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// Over which time a cap counts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum CapPeriod {
    /// A day.
    Day,
    /// A month.
    Month,
    /// For ever.
    Total,
}

impl From<Period> for CapPeriod {
    fn from(period: Period) -> Self {
        match period {
            Period::Day => Self::Day,
            Period::Month => Self::Month,
            Period::Total => Self::Total,
        }
    }
}

impl From<CapPeriod> for Period {
    fn from(period: CapPeriod) -> Self {
        match period {
            CapPeriod::Day => Self::Day,
            CapPeriod::Month => Self::Month,
            CapPeriod::Total => Self::Total,
        }
    }
}

impl CapRequest<'_> {
    fn command(&self) -> Result<SetCap, Problem> {
        let amount = &self.amount;
        Ok(SetCap {
            app: AppId(self.app),
            budget: budget(self.budget.as_ref())?,
            period: self.period.into(),
            amount: if amount.is_null() { None } else { Some(amount.parse_from_zero()?) },
        })
    }
}

/// What an app or a budget may spend.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cap<'a> {
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// The app that spends.
    #[schema(value_type = String, format = "uuid")]
    app: AppId,
    /// The budget; all that the app spends, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a str>,
    /// Over which time.
    period: CapPeriod,
    /// The most; `null` when the cap was taken away.
    #[schema(value_type = Option<String>, required, example = "100")]
    amount: Option<Credits>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

/// Caps what an app, or a budget that it hands to one of its agents, may spend from a wallet in a day, in
/// a month or in all. It counts from now on, open holds included; requests beyond it get 422.
#[utoipa::path(
    put, path = "/v1/wallets/{wallet}/caps", tag = "control", operation_id = "set_cap",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), Intent),
    request_body(content = CapRequest<'_>, example = json!({ "app": "5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11", "budget": "agent-7", "period": "day", "amount": "100" })),
    responses((status = 200, description = "The cap holds", body = Cap<'_>)),
)]
pub(super) async fn set(
    State(shared): State<Shared>,
    caller: Caller<scope::Control>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CapRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let command = request.command()?;
    let own = shared.identity.app(command.app).filter(|app| app.org == caller.org);
    own.ok_or_else(|| Problem::not_found("app"))?;
    let answer = shared.submit(caller, asking, key, wallet, Command::SetCap(command)).await?;
    let Event::CapSet(e) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    let CapSet { app, period, amount, .. } = *e;
    Ok(answer.done(&Cap {
        wallet,
        app,
        budget: e.budget.as_deref(),
        period: period.into(),
        amount,
        funds: Funds::from(&e.wallet),
        recording: answer.recording(),
    }))
}
