//! `/v1/apps/{app}/keys` and `/v1/keys/{key}`: API keys.

use axum::{extract::State, http::StatusCode};
use events::{AppId, KeyId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Caller, Named, Payload, Text, scope},
    problem::Problem,
    reply::Reply,
    shapes::UuidText,
};
use crate::identity::{self, Scope, Scopes};

/// A key to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest<'a> {
    /// What it allows.
    #[serde(borrow)]
    #[schema(value_type = Vec<String>, example = json!(["credits:check", "credits:deduct"]))]
    scopes: Vec<Text<'a>>,
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
}

impl From<identity::Key> for Key {
    fn from(known: identity::Key) -> Self {
        Self { key_id: known.id, scopes: names(known.scopes), issued: known.issued, revoked: known.revoked }
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
        Err(Problem::bad_request("`scopes` names at least one scope"))
    } else {
        Ok(scopes)
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
    let issued = shared.identity.issue_key(app, scopes, caller.actor).await?;
    let (api_key, key_id) = (issued.secret.expose(), issued.key);
    Ok(Reply::created(&IssuedKey { app_id: app, api_key, key_id, scopes: names(scopes) }))
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
    let keys = shared.identity.keys(app).into_iter();
    Ok(Reply::ok(&KeyList { data: keys.map(Key::from).collect() }))
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
    let key = id.parse().ok().and_then(|id| shared.identity.key(id));
    let own = key.filter(|key| caller.is_operator() || key.org == caller.org);
    let key = own.ok_or_else(|| Problem::not_found("key"))?;
    shared.identity.revoke_key(key.id, caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
