//! `/v1/wallets`: open a wallet, read one as it is or was.

use axum::{extract::State, response::IntoResponse};
use events::{Credits, Operation, Position, WalletId};
use ledger::Command;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    app::Shared,
    extract::{Asking, Caller, Intent, Params, Payload, Text, WalletPath, scope},
    moments::{self, Instant},
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, Terms, UuidText},
    wallet_rules::WalletStanding,
};
use crate::read::When;

/// A wallet to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WalletRequest<'a> {
    /// The wallet's id: the user's, for a user's wallet. When absent, it follows from the key, so
    /// that a repetition names the same wallet.
    #[schema(value_type = Option<String>, format = "uuid")]
    wallet: Option<Uuid>,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// A wallet that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenedWallet {
    /// The wallet.
    #[schema(value_type = String, format = "uuid", example = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    wallet: WalletId,
    #[serde(flatten)]
    funds: Funds,
    /// No lots yet.
    lots: [Lot; 0],
    #[serde(flatten)]
    recording: Recording,
}

/// Credits that came in together and are not yet spent or expired.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Lot {
    /// Position of the purchase or grant that made it.
    #[schema(value_type = String, example = "7")]
    id: Position,
    #[serde(flatten)]
    terms: Terms,
    /// What is left.
    #[schema(value_type = String, example = "69.5")]
    remaining: Credits,
}

/// A wallet as it is or was.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Wallet {
    /// The wallet.
    #[schema(value_type = String, format = "uuid", example = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    wallet: WalletId,
    #[serde(flatten)]
    funds: Funds,
    /// Its live lots in the order in which they will be spent, without what is held.
    lots: Vec<Lot>,
    #[serde(flatten)]
    standing: WalletStanding,
    /// Position of the wallet's last event up to then.
    #[schema(value_type = String, example = "42")]
    position: Position,
    /// Events below this position are in the answer, none above.
    #[schema(value_type = String, example = "43")]
    as_of_position: Position,
}

/// Opens an empty wallet. A first purchase or grant opens one too.
#[utoipa::path(
    post, path = "/v1/wallets", tag = "wallets", operation_id = "open_wallet",
    params(Intent),
    request_body(content = WalletRequest<'_>, example = json!({ "wallet": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11" })),
    responses((status = 201, description = "The wallet is open", body = OpenedWallet)),
)]
pub(super) async fn open(
    State(shared): State<Shared>,
    caller: Caller<scope::Purchase>,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: WalletRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let derived =
        || Uuid::new_v5(&shared.command_id(&caller, Operation::OpenWallet, key.as_deref()).0, b"wallet");
    let wallet = WalletId(request.wallet.unwrap_or_else(derived));
    let answer = shared.submit(caller, asking, key, wallet, Command::OpenWallet).await?;
    let opened = OpenedWallet {
        wallet,
        funds: Funds::from(&answer.recorded.event.balances().copied().unwrap_or_default()),
        lots: [],
        recording: answer.recording(),
    };
    Ok(answer.created(&opened))
}

/// At which moment a wallet is asked for: now, when absent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WalletMoment {
    /// As it was right after the event at this position.
    #[param(value_type = Option<u64>, example = json!(42))]
    at_position: Option<u64>,
    /// As it was right after this time, RFC 3339; a date stands for its midnight in UTC.
    #[param(value_type = Option<String>, example = json!("2026-11-21T09:30:00Z"))]
    at_time: Option<Instant>,
    /// The answer must include the event at this position: the `position` of an earlier answer.
    min_position: Option<u64>,
    /// How many seconds to wait for it, 0 to 30; 5 when absent.
    wait: Option<u32>,
}

impl WalletMoment {
    /// The moment, once everything up to it can be read; none for now.
    pub(super) async fn reached(&self, shared: &Shared) -> Result<Option<When>, Problem> {
        let at_least = AtLeast { min_position: self.min_position, wait: self.wait };
        match moments::asked(self.at_position, self.at_time)? {
            Some(at) => shared.just_after(at, &at_least).await.map(Some),
            None => shared.reached(&at_least).await.map(|()| None),
        }
    }
}

/// Reads a wallet: what it holds, in which lots, now or at any moment before.
///
/// The `ETag` of the wallet as it is now counts its changes.
#[utoipa::path(
    get, path = "/v1/wallets/{wallet}", tag = "wallets", operation_id = "read_wallet",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), WalletMoment),
    responses((status = 200, description = "The wallet", body = Wallet)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    WalletPath(wallet): WalletPath,
    Params(moment): Params<WalletMoment>,
) -> Result<impl IntoResponse, Problem> {
    caller.must_reach(&shared, wallet)?;
    let when = moment.reached(&shared).await?;
    let view = match when {
        None => shared.reads.wallet(wallet).await?,
        Some(when) => shared.reads.wallet_at(wallet, when).await?,
    };
    let view = view.filter(|view| view.row.org == caller.org);
    let view = view.ok_or_else(|| Problem::not_found("wallet"))?;
    let row = &view.row;
    let lots = row.lots.iter();
    let lots = lots.map(|lot| Lot { id: lot.id, terms: Terms::from(&lot.terms), remaining: lot.remaining });
    let wallet = Wallet {
        wallet,
        funds: Funds::of(row.balance, row.available, row.reserved),
        lots: lots.collect(),
        standing: WalletStanding::of(&shared, &view),
        position: row.last,
        as_of_position: view.as_of,
    };
    let reply = Reply::ok(&wallet);
    Ok(if when.is_none() { reply.etag(row.account_seq) } else { reply })
}
