//! `/v1/wallets`: open a wallet, read one.

use axum::{extract::State, response::IntoResponse};
use events::{Credits, Operation, Position, WalletId};
use ledger::Command;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    app::Shared,
    extract::{Asking, Caller, Intent, Params, Payload, Text, WalletPath, scope},
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, Terms, UuidText},
    wallet_rules::WalletStanding,
};

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

/// A wallet as the projections show it.
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
    /// Position of the wallet's last event.
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

/// Reads a wallet: what it holds, in which lots.
///
/// The `ETag` counts the wallet's changes.
#[utoipa::path(
    get, path = "/v1/wallets/{wallet}", tag = "wallets", operation_id = "read_wallet",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), AtLeast),
    responses((status = 200, description = "The wallet", body = Wallet)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    WalletPath(wallet): WalletPath,
    Params(at_least): Params<AtLeast>,
) -> Result<impl IntoResponse, Problem> {
    shared.reached(&at_least).await?;
    let view = shared.reads.wallet(wallet).await?.filter(|view| view.row.org == caller.org);
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
    Ok(Reply::ok(&wallet).etag(row.account_seq))
}
