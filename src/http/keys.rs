//! `/v1/apps/{app}/keys`, `/v1/keys/{key}` and `/v1/keys/{key}/rotate`: API keys.

use axum::{extract::State, http::StatusCode};
use events::{AppId, KeyId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Caller, EXPIRY_SECONDS_MAX, Named, Payload, Text, interval, scope},
    problem::Problem,
    reply::Reply,
    shapes::UuidText,
};
use crate::identity::{self, Scope, Scopes};

/// The longest that an old key goes on beside the one that replaces it: 30 days.
const OVERLAP_SECONDS_MAX: i64 = 2_592_000;

/// A key to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest<'a> {
    /// What it allows.
    #[serde(borrow)]
    #[schema(value_type = Vec<String>, example = json!(["credits:check", "credits:deduct"]))]
    scopes: Vec<Text<'a>>,
    /// After how many seconds it is no longer accepted, at most 3,162,240,000; for ever, when absent.
    expires_in_seconds: Option<i64>,
}

/// How to replace a key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationRequest {
    /// How many seconds the old key is still accepted, 0 to 2,592,000: time to hand the new one out.
    #[schema(minimum = 0, maximum = 2_592_000, example = 3600)]
    overlap_seconds: i64,
    /// After how many seconds the new key is no longer accepted. When absent, it lives as long as the old
    /// one from its issue to its end: for ever, if that had none.
    expires_in_seconds: Option<i64>,
}

/// An issued key, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssuedKey<'a> {
    /// The app that may use it.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// The key. It is stored nowhere: keep it.
    #[schema(example = "clk_…")]
    api_key: &'a str,
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// What it allows.
    scopes: Vec<&'static str>,
    /// From when on it is not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// The key that it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<Replaced>,
}

/// A key that was replaced.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replaced {
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// From when on it is not accepted.
    #[schema(value_type = String, format = DateTime)]
    expires: Time,
}

/// A key, without what it takes to use it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Key {
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// What it allows.
    scopes: Vec<&'static str>,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    issued: Time,
    /// Since when it is no longer accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Time>,
    /// From when on it is not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// When it was last used, as far as this server knows: what others saw is up to a minute old.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used: Option<Time>,
}

impl Key {
    fn of(known: &identity::Key, last_used: Option<Time>) -> Self {
        Self {
            key_id: known.id,
            scopes: names(known.scopes),
            issued: known.issued,
            revoked: known.revoked,
            expires: known.expires,
            last_used,
        }
    }
}

/// All keys of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyList {
    /// Oldest first, revoked ones too.
    data: Vec<Key>,
}

/// The scopes with these names.
pub(super) fn scopes(names: &[Text<'_>]) -> Result<Scopes, Problem> {
    let scopes: Result<Scopes, _> = names.iter().map(|name| name.as_ref().parse::<Scope>()).collect();
    let scopes = scopes.map_err(|unknown| Problem::bad_request(unknown.to_string()))?;
    if scopes.is_empty() {
        return Err(Problem::bad_request("`scopes` names at least one scope"));
    }
    match scopes.iter().find(|scope| !scope.is_for_apps()) {
        Some(scope) => Err(Problem::bad_request(format!("`{scope}` is for users' tokens, not for API keys"))),
        None => Ok(scopes),
    }
}

/// The names of these scopes.
pub(super) fn names(scopes: Scopes) -> Vec<&'static str> {
    scopes.iter().map(Scope::as_str).collect()
}

/// The named app, when it is the caller's to administer.
fn own_app(shared: &Shared, caller: &Caller<scope::Admin>, id: &str) -> Result<AppId, Problem> {
    let app = id.parse().ok().and_then(|id| shared.identity.app(id));
    let own = app.filter(|app| caller.is_operator() || app.org == caller.org);
    own.map(|app| app.id).ok_or_else(|| Problem::not_found("app"))
}

/// Issues a further key to an app. It is shown this once.
#[utoipa::path(
    post, path = "/v1/apps/{app}/keys", tag = "administration", operation_id = "issue_key",
    params(("app" = inline(UuidText), Path, description = "The app")),
    request_body(content = KeyRequest<'_>, example = json!({ "scopes": ["credits:check"] })),
    responses((status = 201, description = "The key is issued", body = IssuedKey<'_>)),
)]
pub(super) async fn issue(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: KeyRequest<'_> = body.parse()?;
    let scopes = scopes(&request.scopes)?;
    let app = own_app(&shared, &caller, &id)?;
    let expires = ends(&shared, request.expires_in_seconds)?;
    let issued = shared.identity.issue_key_until(app, scopes, expires, caller.actor).await?;
    let (api_key, key_id) = (issued.secret.expose(), issued.key);
    let scopes = names(scopes);
    Ok(Reply::created(&IssuedKey { app_id: app, api_key, key_id, scopes, expires, replaces: None }))
}

/// When a key ends that is to live so long from now.
pub(super) fn ends(shared: &Shared, seconds: Option<i64>) -> Result<Option<Time>, Problem> {
    let micros = seconds.map(|seconds| interval("expires_in_seconds", seconds, EXPIRY_SECONDS_MAX));
    Ok(micros.transpose()?.map(|micros| shared.clock.now().plus_micros(micros)))
}

/// The named key, when it is the caller's to administer.
fn own_key(shared: &Shared, caller: &Caller<scope::Admin>, id: &str) -> Result<identity::Key, Problem> {
    let key = id.parse().ok().and_then(|id| shared.identity.key(id));
    let own = key.filter(|key| caller.is_operator() || key.org == caller.org);
    own.ok_or_else(|| Problem::not_found("key"))
}

/// Replaces a key by a new one that allows the same. The old one goes on for the overlap, so that nobody
/// has to stop in between.
///
/// A key that has ended already cannot be replaced.
#[utoipa::path(
    post, path = "/v1/keys/{key}/rotate", tag = "administration", operation_id = "rotate_key",
    params(("key" = inline(UuidText), Path, description = "The old key's public id")),
    request_body(content = RotationRequest, example = json!({ "overlap_seconds": 3600 })),
    responses((status = 201, description = "The new key", body = IssuedKey<'_>)),
)]
pub(super) async fn rotate(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: RotationRequest = body.parse()?;
    if !(0..=OVERLAP_SECONDS_MAX).contains(&request.overlap_seconds) {
        let detail = format!("`overlap_seconds` is 0 to {OVERLAP_SECONDS_MAX}");
        return Err(Problem::bad_request(detail));
    }
    let now = shared.clock.now();
    let asked = ends(&shared, request.expires_in_seconds)?;
    let old = own_key(&shared, &caller, &id)?;
    if !old.lives(now) {
        return Err(Problem::not_found("key that is still accepted"));
    }
    let as_before = |end: Time| now.plus_micros(end.micros() - old.issued.micros());
    let expires = asked.or(old.expires.map(as_before));
    let overlap_ends = now.plus_micros(request.overlap_seconds * 1_000_000);
    let until = old.expires.map_or(overlap_ends, |expires| expires.min(overlap_ends));
    let actor = caller.actor.clone();
    let issued = shared.identity.issue_key_until(old.app, old.scopes, expires, actor).await?;
    if request.overlap_seconds == 0 {
        shared.identity.revoke_key(old.id, caller.actor).await?;
    } else {
        shared.identity.set_key_expiry(old.id, Some(until), caller.actor).await?;
    }
    let replaces = Some(Replaced { key_id: old.id, expires: until });
    let (api_key, key_id, scopes) = (issued.secret.expose(), issued.key, names(old.scopes));
    Ok(Reply::created(&IssuedKey { app_id: old.app, api_key, key_id, scopes, expires, replaces }))
}

/// Lists the keys of an app, revoked ones too.
#[utoipa::path(
    get, path = "/v1/apps/{app}/keys", tag = "administration", operation_id = "list_keys",
    params(("app" = inline(UuidText), Path, description = "The app")),
    responses((status = 200, description = "The keys", body = KeyList)),
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let app = own_app(&shared, &caller, &id)?;
    let now = shared.clock.now();
    let mut data = Vec::new();
    for key in shared.identity.keys(app) {
        let used = shared.auth.used.of(key.id, &shared.auth.shelf, now).await;
        let used =
            used.inspect_err(|error| tracing::warn!(%error, "when a key was last used cannot be read"));
        data.push(Key::of(&key, used.unwrap_or_default()));
    }
    Ok(Reply::ok(&KeyList { data }))
}

/// Revokes a key: it is refused from the moment of the answer. Revoking it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/keys/{key}", tag = "administration", operation_id = "revoke_key",
    params(("key" = inline(UuidText), Path, description = "The key's public id")),
    responses((status = 204, description = "The key is revoked")),
)]
pub(super) async fn revoke(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
) -> Result<StatusCode, Problem> {
    let key = own_key(&shared, &caller, &id)?;
    shared.identity.revoke_key(key.id, caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
