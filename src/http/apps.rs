//! `/v1/apps`: clients of an organization.

use axum::extract::State;
use events::{AppId, KeyId, OrgId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Caller, Payload, Text, find_organization, scope},
    keys,
    problem::Problem,
    reply::Reply,
};
use crate::identity;

/// An app to register, with its first key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppRequest<'a> {
    /// Its name, unique in the organization: 1 to 64 letters, digits, spaces, dashes, underscores and
    /// dots.
    #[serde(borrow)]
    #[schema(value_type = String, example = "chat-frontend")]
    name: Text<'a>,
    /// What its first key allows.
    #[serde(borrow)]
    #[schema(value_type = Vec<String>, example = json!(["credits:check", "credits:deduct"]))]
    scopes: Vec<Text<'a>>,
    /// The organization's id or name; for operators. The caller's own, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    organization: Option<Text<'a>>,
}

/// A registered app with its first key, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisteredApp<'a> {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// Its organization.
    #[schema(value_type = String, format = "uuid")]
    organization: OrgId,
    /// Its name.
    name: &'a str,
    /// The key. It is stored nowhere: keep it.
    #[schema(example = "clk_…")]
    api_key: &'a str,
    /// The key's public id.
    #[schema(value_type = String, format = "uuid")]
    key_id: KeyId,
    /// What the key allows.
    scopes: Vec<&'static str>,
}

/// A registered app.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct App {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// Its organization.
    #[schema(value_type = String, format = "uuid")]
    organization: OrgId,
    /// Its name.
    #[schema(value_type = String)]
    name: Box<str>,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    registered: Time,
}

impl From<identity::App> for App {
    fn from(known: identity::App) -> Self {
        Self { app_id: known.id, organization: known.org, name: known.name, registered: known.registered }
    }
}

/// All apps of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppList {
    /// By name.
    data: Vec<App>,
}

/// Registers an app and issues its first key, which is shown this once.
#[utoipa::path(
    post, path = "/v1/apps", tag = "administration", operation_id = "register_app",
    request_body(content = AppRequest<'_>, example = json!({ "name": "chat-frontend", "scopes": ["credits:check", "credits:deduct"] })),
    responses((status = 201, description = "The app is registered", body = RegisteredApp<'_>)),
)]
pub(super) async fn register(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: AppRequest<'_> = body.parse()?;
    let scopes = keys::scopes(&request.scopes)?;
    let org = org_named(&shared, &caller, request.organization.as_ref())?;
    let app = shared.identity.register_app(org, request.name.as_ref(), caller.actor.clone()).await?;
    let issued = shared.identity.issue_key(app.id, scopes, caller.actor).await?;
    Ok(Reply::created(&RegisteredApp {
        app_id: app.id,
        organization: app.org,
        name: &app.name,
        api_key: issued.secret.expose(),
        key_id: issued.key,
        scopes: keys::names(scopes),
    }))
}

/// The organization that a new app is for: the named one, if the caller may act there, else the caller's.
pub(super) fn org_named(
    shared: &Shared,
    caller: &Caller<scope::Admin>,
    name: Option<&Text<'_>>,
) -> Result<OrgId, Problem> {
    let Some(name) = name else { return Ok(caller.org) };
    let found = find_organization(shared, name.as_ref());
    let own = found.filter(|org| caller.is_operator() || *org == caller.org);
    own.ok_or_else(|| Problem::not_found("organization"))
}

/// Lists the apps of the organization.
#[utoipa::path(
    get, path = "/v1/apps", tag = "administration", operation_id = "list_apps",
    responses((status = 200, description = "The apps", body = AppList)),
)]
pub(super) async fn list(State(shared): State<Shared>, caller: Caller<scope::Admin>) -> Reply {
    let apps = shared.identity.apps(caller.org).into_iter();
    Reply::ok(&AppList { data: apps.map(App::from).collect() })
}
