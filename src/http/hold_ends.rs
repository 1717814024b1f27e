//! `/v1/holds/{id}/extensions` and `/v1/holds/{id}/release`: when a hold ends.

use axum::extract::State;
use events::{Credits, Event, Position, PublicId, PublicKind, Time, WalletId};
use ledger::{Command, Extend, Release};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Asking, Caller, Intent, Named, Payload, Text, scope},
    holds::timeout,
    lookup,
    problem::Problem,
    reply::Reply,
    shapes::{Funds, Recording, sum},
};

/// How long a hold is to live from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtensionRequest<'a> {
    /// In how many seconds from now what is left is released by itself, 1 to 31,622,400.
    timeout_seconds: i64,
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// A hold to release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseRequest<'a> {
    /// Instead of the header `Idempotency-Key`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Text<'a>>,
}

/// A hold with a new end, later or sooner than before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Extension {
    /// The hold.
    #[schema(value_type = String, example = "hol_1b4e28ba_42")]
    hold: PublicId,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// When what is left is released by itself now.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

/// A hold that was released.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Released {
    /// The hold.
    #[schema(value_type = String, example = "hol_1b4e28ba_42")]
    hold: PublicId,
    /// The wallet.
    #[schema(value_type = String, format = "uuid")]
    wallet: WalletId,
    /// Credits no longer reserved.
    #[schema(value_type = String, example = "6")]
    released: Credits,
    /// What of it paid the wallet's debt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1")]
    settled: Option<Credits>,
    #[serde(flatten)]
    funds: Funds,
    #[serde(flatten)]
    recording: Recording,
}

impl Shared {
    /// The named hold and its wallet, be it open or closed, when the caller may do something with it.
    pub(super) async fn held<S>(
        &self,
        caller: &Caller<S>,
        id: &str,
    ) -> Result<(Position, WalletId), Problem> {
        let recorded = self.made(caller, id, PublicKind::Hold).await?;
        let (Event::CreditsHeld(_), Some(wallet)) = (&recorded.event, recorded.wallet()) else {
            return Err(Problem::not_found("hold"));
        };
        // Without an app, the engine would take a customer for somebody who may end any hold.
        if caller.is_customer() && recorded.envelope.app != caller.app {
            return Err(Problem::not_found("hold"));
        }
        Ok((recorded.envelope.position, wallet))
    }
}

/// Lets an open hold live until so many seconds from now, be that later or sooner than before.
#[utoipa::path(
    post, path = "/v1/holds/{id}/extensions", tag = "holds", operation_id = "extend_hold",
    params(("id" = String, Path, description = "The hold", example = "hol_1b4e28ba_42"), Intent),
    request_body(content = ExtensionRequest<'_>, example = json!({ "timeout_seconds": 900 })),
    responses((status = 200, description = "The hold has its new time", body = Extension)),
)]
pub(super) async fn extend(
    State(shared): State<Shared>,
    caller: Caller<scope::Hold>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: ExtensionRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let timeout_micros = timeout(request.timeout_seconds)?;
    let (hold, wallet) = shared.held(&caller, &id).await?;
    let command = Command::Extend(Extend { hold, timeout_micros });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::HoldExtended(extended) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.done(&Extension {
        hold: shared.public_id(PublicKind::Hold, hold),
        wallet,
        expires_at: extended.expires,
        funds: Funds::from(&extended.wallet),
        recording: answer.recording(),
    }))
}

/// Releases what is left of an open hold.
#[utoipa::path(
    post, path = "/v1/holds/{id}/release", tag = "holds", operation_id = "release_hold",
    params(("id" = String, Path, description = "The hold", example = "hol_1b4e28ba_42"), Intent),
    request_body(content = ReleaseRequest<'_>, example = json!({})),
    responses((status = 200, description = "Nothing is reserved any more", body = Released)),
)]
pub(super) async fn release(
    State(shared): State<Shared>,
    caller: Caller<scope::Hold>,
    Named(id): Named,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: ReleaseRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let (hold, wallet) = shared.held(&caller, &id).await?;
    let command = Command::Release(Release { hold });
    let answer = shared.submit(caller, asking, key, wallet, command).await?;
    let Event::HoldReleased(released) = &answer.recorded.event else { return Err(lookup::unexpected()) };
    Ok(answer.done(&Released {
        hold: shared.public_id(PublicKind::Hold, hold),
        wallet,
        released: released.amount,
        settled: sum(&released.settled),
        funds: Funds::from(&released.wallet),
        recording: answer.recording(),
    }))
}
