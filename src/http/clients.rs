//! `/v1/apps/{app}/client` and `/v1/apps/{app}/secrets`: apps as OAuth clients.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use events::{AppId, SecretId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    apps,
    extract::{Caller, Named, Payload, Text, scope},
    keys,
    problem::Problem,
    reply::Reply,
    shapes::UuidText,
};
use crate::identity::{self, Scope, Scopes};

/// A client as it shall be from now on; what is left out is empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientRequest<'a> {
    /// Its public name: 3 to 64 letters, digits, dashes, underscores and dots, and no UUID. It never
    /// changes; a random one, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "chat-api-service")]
    client_id: Option<Text<'a>>,
    /// Whether it has secrets that it can keep: `true`, when absent.
    confidential: Option<bool>,
    /// Of `authorization_code`, `refresh_token` and `client_credentials`.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>, example = json!(["client_credentials"]))]
    grants: Vec<Text<'a>>,
    /// Where a sign-in may lead back to, exactly; on loopback with any port.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>)]
    redirect_uris: Vec<Text<'a>>,
    /// Where a sign-out may lead back to, exactly.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>)]
    logout_uris: Vec<Text<'a>>,
    /// Web origins of its pages.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>)]
    origins: Vec<Text<'a>>,
    /// Where a sign-in with a `return_to` key ends.
    #[serde(default)]
    return_to: BTreeMap<Box<str>, Box<str>>,
    /// What it may ask for.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>, example = json!(["groups:read", "members:read"]))]
    scopes: Vec<Text<'a>>,
    /// Whom its tokens may be for, beside the ledger.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>)]
    audiences: Vec<Text<'a>>,
    /// Whether nobody is asked for consent.
    #[serde(default)]
    first_party: bool,
    /// What people see; the app's name, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    display_name: Option<Text<'a>>,
    /// Whether it may do nothing for now.
    #[serde(default)]
    disabled: bool,
}

/// A new app that is an OAuth client from its beginning, and has no API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClientRequest<'a> {
    /// The app's name, unique in the organization: 1 to 64 letters, digits, spaces, dashes, underscores
    /// and dots.
    #[serde(borrow)]
    #[schema(value_type = String, example = "chat-api")]
    name: Text<'a>,
    /// The organization's id or name; for operators. The caller's own, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    organization: Option<Text<'a>>,
    /// The client that it is.
    #[serde(borrow)]
    client: ClientRequest<'a>,
}

/// A client.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClientView {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// Its public name.
    #[schema(value_type = String)]
    client_id: Box<str>,
    /// Whether it has secrets that it can keep.
    confidential: bool,
    /// The grants that it may use.
    #[schema(value_type = Vec<String>)]
    grants: Vec<Box<str>>,
    /// Where a sign-in may lead back to.
    #[schema(value_type = Vec<String>)]
    redirect_uris: Vec<Box<str>>,
    /// Where a sign-out may lead back to.
    #[schema(value_type = Vec<String>)]
    logout_uris: Vec<Box<str>>,
    /// Web origins of its pages.
    #[schema(value_type = Vec<String>)]
    origins: Vec<Box<str>>,
    /// Where a sign-in with a `return_to` key ends.
    #[schema(value_type = BTreeMap<String, String>)]
    return_to: BTreeMap<Box<str>, Box<str>>,
    /// What it may ask for.
    scopes: Vec<&'static str>,
    /// Whom its tokens may be for, beside the ledger.
    #[schema(value_type = Vec<String>)]
    audiences: Vec<Box<str>>,
    /// Whether nobody is asked for consent.
    first_party: bool,
    /// What people see.
    #[schema(value_type = String)]
    display_name: Box<str>,
    /// Whether it may do nothing for now.
    disabled: bool,
    /// Its secrets, oldest first, without what it takes to use them.
    secrets: Vec<SecretView>,
}

/// A secret, without what it takes to use it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretView {
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    secret_id: SecretId,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    issued: Time,
    /// From when on it is no longer accepted, if it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// Since when it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Time>,
}

/// A secret to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretRequest {
    /// How long it is accepted; for ever, when absent.
    expires_in_seconds: Option<i64>,
}

/// An issued secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssuedSecret<'a> {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// The client's public name.
    client_id: &'a str,
    /// The secret. It is stored nowhere: keep it.
    #[schema(example = "cls_…")]
    client_secret: &'a str,
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    secret_id: SecretId,
    /// From when on it is no longer accepted, if it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
}

/// Registers an app that is an OAuth client, without an API key. What is refused leaves nothing behind.
#[utoipa::path(
    post, path = "/v1/clients", tag = "administration", operation_id = "register_client",
    request_body(content = NewClientRequest<'_>, example = json!({ "name": "chat-api", "client": { "client_id": "chat-api-service", "grants": ["client_credentials"], "scopes": ["groups:read", "members:read"] } })),
    responses((status = 201, description = "The client is registered", body = ClientView)),
)]
pub(super) async fn register(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: NewClientRequest<'_> = body.parse()?;
    let org = apps::org_named(&shared, &caller, request.organization.as_ref())?;
    let (id, name) = (AppId(shared.random_id()), Box::from(request.name.as_ref()));
    let app = identity::App { id, org, name, registered: shared.clock.now() };
    let client = wanted(&shared, &app, &request.client)?;
    shared.identity.may_be_client(&client)?;
    let app = shared.identity.register_app(org, &app.name, caller.actor.clone()).await?;
    let client = shared.identity.set_client(app.id, client, caller.actor).await?;
    Ok(Reply::created(&shown(&shared, client)))
}

/// Makes an app an OAuth client, or changes the client that it is: the body is all of it.
#[utoipa::path(
    put, path = "/v1/apps/{app}/client", tag = "administration", operation_id = "set_client",
    params(("app" = inline(UuidText), Path, description = "The app")),
    request_body(content = ClientRequest<'_>, example = json!({ "client_id": "chat-api-service", "grants": ["client_credentials"], "scopes": ["groups:read", "members:read"] })),
    responses((status = 200, description = "The client as it is now", body = ClientView)),
)]
pub(super) async fn set(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: ClientRequest<'_> = body.parse()?;
    let app = own_app(&shared, &caller, &id)?;
    let client = wanted(&shared, &app, &request)?;
    let client = shared.identity.set_client(app.id, client, caller.actor).await?;
    Ok(Reply::ok(&shown(&shared, client)))
}

/// Shows the client that an app is, with its secrets' ids.
#[utoipa::path(
    get, path = "/v1/apps/{app}/client", tag = "administration", operation_id = "read_client",
    params(("app" = inline(UuidText), Path, description = "The app")),
    responses((status = 200, description = "The client", body = ClientView)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let client = own_client(&shared, &caller, &id)?;
    Ok(Reply::ok(&shown(&shared, client)))
}

/// Issues a further secret to a client, beside those that it has. It is shown this once.
#[utoipa::path(
    post, path = "/v1/apps/{app}/secrets", tag = "administration", operation_id = "issue_client_secret",
    params(("app" = inline(UuidText), Path, description = "The app")),
    request_body(content = SecretRequest, example = json!({})),
    responses((status = 201, description = "The secret is issued", body = IssuedSecret<'_>)),
)]
pub(super) async fn issue(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let SecretRequest { expires_in_seconds } = body.parse()?;
    let client = own_client(&shared, &caller, &id)?;
    let expires = keys::ends(&shared, expires_in_seconds)?;
    let issued = shared.identity.issue_client_secret(client.app, expires, caller.actor).await?;
    Ok(Reply::created(&IssuedSecret {
        app_id: client.app,
        client_id: &client.client_id,
        client_secret: issued.expose(),
        secret_id: issued.id,
        expires,
    }))
}

/// Revokes a client's secret: it is refused from the moment of the answer. Revoking it again changes
/// nothing.
#[utoipa::path(
    delete, path = "/v1/apps/{app}/secrets/{secret}", tag = "administration", operation_id = "revoke_client_secret",
    params(
        ("app" = inline(UuidText), Path, description = "The app"),
        ("secret" = inline(UuidText), Path, description = "The secret's public id"),
    ),
    responses((status = 204, description = "The secret is revoked")),
)]
pub(super) async fn revoke(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    Named(id): Named,
    uri: axum::http::Uri,
) -> Result<StatusCode, Problem> {
    let client = own_client(&shared, &caller, &id)?;
    let secret = uri.path().rsplit('/').next().unwrap_or_default().parse();
    let secret: SecretId = secret.map_err(|_| Problem::not_found("secret"))?;
    let known = shared.identity.client_secret(secret).filter(|known| known.app == client.app);
    let known = known.ok_or_else(|| Problem::not_found("secret"))?;
    shared.identity.revoke_client_secret(client.app, known.id, caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn own_app(shared: &Shared, caller: &Caller<scope::Admin>, id: &str) -> Result<identity::App, Problem> {
    let app = id.parse().ok().and_then(|id| shared.identity.app(id));
    let own = app.filter(|app| caller.is_operator() || app.org == caller.org);
    own.ok_or_else(|| Problem::not_found("app"))
}

fn own_client(shared: &Shared, caller: &Caller<scope::Admin>, id: &str) -> Result<identity::Client, Problem> {
    let app = own_app(shared, caller, id)?;
    shared.identity.client(app.id).ok_or_else(|| Problem::not_found("client"))
}

fn wanted(
    shared: &Shared,
    app: &identity::App,
    request: &ClientRequest<'_>,
) -> Result<identity::Client, Problem> {
    let texts = |texts: &[Text<'_>]| texts.iter().map(|text| text.as_ref().into()).collect();
    let scopes: Result<Scopes, _> =
        request.scopes.iter().map(|name| name.as_ref().parse::<Scope>()).collect();
    let known = shared.identity.client(app.id).map(|client| client.client_id);
    let confidential = request.confidential.unwrap_or(true);
    let named = request.client_id.as_ref().map(|text| Box::from(text.as_ref()));
    Ok(identity::Client {
        app: app.id,
        org: app.org,
        client_id: named.or(known).unwrap_or_else(|| random_id(shared, confidential)),
        confidential,
        grants: texts(&request.grants),
        redirect_uris: texts(&request.redirect_uris),
        logout_uris: texts(&request.logout_uris),
        origins: texts(&request.origins),
        return_to: request.return_to.clone(),
        scopes: scopes.map_err(|unknown| Problem::bad_request(unknown.to_string()))?,
        audiences: texts(&request.audiences),
        first_party: request.first_party,
        display_name: request
            .display_name
            .as_ref()
            .map_or_else(|| app.name.clone(), |text| text.as_ref().into()),
        disabled: request.disabled,
    })
}

/// `svc_` or `app_` and 16 characters of base32, from a random UUID: a name, no secret.
fn random_id(shared: &Shared, confidential: bool) -> Box<str> {
    const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bits = shared.random_id().as_u128();
    let mut id = String::from(if confidential { "svc_" } else { "app_" });
    for _ in 0..16 {
        id.push(char::from(BASE32[(bits & 31) as usize]));
        bits >>= 5;
    }
    id.into()
}

fn shown(shared: &Shared, client: identity::Client) -> ClientView {
    let secrets = shared.identity.client_secrets(client.app).into_iter().map(|secret| SecretView {
        secret_id: secret.id,
        issued: secret.issued,
        expires: secret.expires,
        revoked: secret.revoked,
    });
    ClientView {
        app_id: client.app,
        client_id: client.client_id,
        confidential: client.confidential,
        grants: client.grants,
        redirect_uris: client.redirect_uris,
        logout_uris: client.logout_uris,
        origins: client.origins,
        return_to: client.return_to,
        scopes: keys::names(client.scopes),
        audiences: client.audiences,
        first_party: client.first_party,
        display_name: client.display_name,
        disabled: client.disabled,
        secrets: secrets.collect(),
    }
}
