//! `/v1/signing-keys`: the keys that sign tokens, for the ledger's operator.

use axum::{extract::State, http::StatusCode};
use events::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Named, Operator, Payload},
    problem::{Code, Problem},
    reply::Reply,
};
use crate::identity::tokens::{KeyState, KeysError, RingKey};

/// A signing key, without the half that signs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SigningKey {
    /// Its name, as in the header of a token.
    kid: String,
    /// `published`, `active`, `retained` or `revoked`.
    #[schema(value_type = String, example = "active")]
    state: KeyState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

/// All signing keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SigningKeyList {
    /// Oldest first.
    data: Vec<SigningKey>,
}

impl From<&RingKey> for SigningKey {
    fn from(key: &RingKey) -> Self {
        Self { kid: key.kid.to_string(), state: key.state, since: key.since }
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        Self::new(Code::Unavailable, error.to_string())
    }
}

/// Lists the keys that sign tokens.
#[utoipa::path(
    get, path = "/v1/signing-keys", tag = "administration", operation_id = "list_signing_keys",
    responses((status = 200, description = "The keys", body = SigningKeyList)),
)]
pub(super) async fn list(State(shared): State<Shared>, _: Operator) -> Reply {
    Reply::ok(&SigningKeyList { data: shared.auth.tokens.keys().iter().map(SigningKey::from).collect() })
}

/// What needs nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateRequest {}

/// Publishes a new key, which signs in ten minutes: until then every verifier has learnt of it. The one
/// that waits already, if one does.
#[utoipa::path(
    post, path = "/v1/signing-keys", tag = "administration", operation_id = "rotate_signing_keys",
    responses((status = 201, description = "The new key", body = SigningKey)),
)]
pub(super) async fn rotate(
    State(shared): State<Shared>,
    _: Operator,
    body: Payload,
) -> Result<Reply, Problem> {
    let RotateRequest {} = body.parse()?;
    let kid = shared.auth.tokens.rotate(shared.clock.now()).await?;
    shared.auth.tell_of_keys().await;
    let keys = shared.auth.tokens.keys();
    let made = keys.iter().find(|key| *key.kid == *kid).ok_or_else(|| Problem::not_found("signing key"))?;
    Ok(Reply::created(&SigningKey::from(made)))
}

/// Ends a key at once, and every token that it signed. When it was the one that signs, another takes over.
#[utoipa::path(
    delete, path = "/v1/signing-keys/{kid}", tag = "administration", operation_id = "revoke_signing_key",
    params(("kid" = String, Path, description = "The key's name")),
    responses((status = 204, description = "The key is revoked")),
)]
pub(super) async fn revoke(
    State(shared): State<Shared>,
    _: Operator,
    Named(kid): Named,
) -> Result<StatusCode, Problem> {
    if !shared.auth.tokens.keys().iter().any(|key| *key.kid == *kid) {
        return Err(Problem::not_found("signing key"));
    }
    shared.auth.tokens.revoke_key(&kid, shared.clock.now()).await?;
    shared.auth.tell_of_keys().await;
    Ok(StatusCode::NO_CONTENT)
}
