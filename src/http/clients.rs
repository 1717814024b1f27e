//! `/v1/apps/{app}/client`: an app as a client of the authorization server, and its secrets.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use events::{AppId, SecretId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Caller, Named, Payload, scope},
    problem::{Code, Problem},
    reply::Reply,
    shapes::UuidText,
};
use crate::identity::{self, Scope, Scopes};

/// What people may call base 32 (RFC 4648 section 6), in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// An app as a client, as it is from now on: what is left out is empty or `false`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientRequest {
    /// Its public name, for ever: 3 to 64 letters, digits, dashes, underscores and dots, no UUID. Made
    /// from the app's id, when absent.
    #[schema(value_type = Option<String>, example = "chat-api-service")]
    client_id: Option<Box<str>>,
    /// Whether it runs where it can keep a secret; `true` when absent.
    #[serde(default = "yes")]
    #[schema(value_type = Option<bool>)]
    confidential: bool,
    /// `authorization_code`, `refresh_token`, `client_credentials`.
    #[schema(value_type = Vec<String>, example = json!(["client_credentials"]))]
    grants: Vec<Box<str>>,
    /// Where a sign-in may lead back to, exactly; on loopback any port.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    redirect_uris: Vec<Box<str>>,
    /// Where a sign-out may lead back to, exactly.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    logout_uris: Vec<Box<str>>,
    /// Web origins of its pages.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    origins: Vec<Box<str>>,
    /// Where a sign-in with `return_to=<key>` ends.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    return_to: BTreeMap<Box<str>, Box<str>>,
    /// What it may ask for.
    #[schema(value_type = Vec<String>, example = json!(["groups:read", "members:read"]))]
    scopes: Vec<Box<str>>,
    /// Whom its access tokens may be for, beside the ledger.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    audiences: Vec<Box<str>>,
    /// Whether nobody is asked for consent; needs the scope `admin`.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    first_party: bool,
    /// What people see; the app's name, when absent.
    #[schema(value_type = Option<String>)]
    display_name: Option<Box<str>>,
    /// Whether it may do nothing for now.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    disabled: bool,
}

const fn yes() -> bool {
    true
}

/// An app as a client.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Client {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// Its public name.
    #[schema(value_type = String)]
    client_id: Box<str>,
    /// Whether it has secrets.
    confidential: bool,
    /// The OAuth grant types that it may use.
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
    #[schema(value_type = Object)]
    return_to: BTreeMap<Box<str>, Box<str>>,
    /// What it may ask for.
    scopes: Vec<&'static str>,
    /// Whom its access tokens may be for, beside the ledger.
    #[schema(value_type = Vec<String>)]
    audiences: Vec<Box<str>>,
    /// Whether nobody is asked for consent.
    first_party: bool,
    /// What people see.
    #[schema(value_type = String)]
    display_name: Box<str>,
    /// Whether it may do nothing for now.
    disabled: bool,
}

impl From<identity::Client> for Client {
    fn from(known: identity::Client) -> Self {
        Self {
            app_id: known.app,
            client_id: known.client_id,
            confidential: known.confidential,
            grants: known.grants,
            redirect_uris: known.redirect_uris,
            logout_uris: known.logout_uris,
            origins: known.origins,
            return_to: known.return_to,
            scopes: super::keys::names(known.scopes),
            audiences: known.audiences,
            first_party: known.first_party,
            display_name: known.display_name,
            disabled: known.disabled,
        }
    }
}

/// A secret to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretRequest {
    /// How long it is accepted; until it is revoked, when absent.
    #[schema(minimum = 1, example = 7_776_000)]
    expires_in_seconds: Option<u32>,
}

/// A new secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssuedSecret<'a> {
    /// The client.
    client_id: &'a str,
    /// The secret. It is stored nowhere: keep it.
    #[schema(example = "cls_…")]
    client_secret: &'a str,
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    secret_id: SecretId,
    /// When it ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
}

/// A secret without what it takes to use it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Secret {
    /// Its public id.
    #[schema(value_type = String, format = "uuid")]
    secret_id: SecretId,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    issued: Time,
    /// When it ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// When it was revoked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Time>,
}

/// All secrets of a client.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretList {
    /// Those that ended, too.
    data: Vec<Secret>,
}

type Administrator = Caller<scope::AppsAdmin>;

/// The named app, when it is the caller's to administer.
fn own_app(shared: &Shared, caller: &Administrator, id: &str) -> Result<identity::App, Problem> {
    caller.must_reach_all()?;
    let app = id.parse().ok().and_then(|id| shared.identity.app(id));
    let own = app.filter(|app| caller.is_operator() || app.org == caller.org);
    own.ok_or_else(|| Problem::not_found("app"))
}

fn client_of(shared: &Shared, app: AppId) -> Result<identity::Client, Problem> {
    shared.identity.client(app).ok_or_else(|| Problem::not_found("client"))
}

/// Nobody hands out what is not theirs: who only administers apps must not make one that may do more.
fn must_cover(caller: &Administrator, scopes: Scopes) -> Result<(), Problem> {
    let beyond = scopes.iter().find(|scope| !scope.is_oidc() && !caller.may(*scope));
    match beyond {
        Some(scope) => caller.must_have(scope),
        None => Ok(()),
    }
}

/// A name from what is random in the app's id.
fn name_of(app: AppId, is_service: bool) -> Box<str> {
    let bytes = app.0.as_bytes();
    let random = bytes[..5].iter().chain(&bytes[11..]).fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
    let letters = (0..16).rev().map(|index| {
        let digit = usize::try_from(random >> (index * 5) & 31).unwrap_or_default();
        char::from(BASE32[digit])
    });
    let prefix = if is_service { "svc_" } else { "app_" };
    prefix.chars().chain(letters).collect::<String>().into()
}

/// Makes an app the client that is described, from now on.
#[utoipa::path(
    put, path = "/v1/apps/{app}/client", tag = "administration", operation_id = "set_client",
    params(("app" = inline(UuidText), Path, description = "The app")),
    request_body(content = ClientRequest, example = json!({
        "client_id": "chat-api-service", "grants": ["client_credentials"], "scopes": ["groups:read", "members:read"],
    })),
    responses((status = 200, description = "The client", body = Client)),
)]
pub(super) async fn set(
    State(shared): State<Shared>,
    caller: Administrator,
    Named(id): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: ClientRequest = body.parse()?;
    let app = own_app(&shared, &caller, &id)?;
    let scopes = request.scopes.iter().map(|name| name.parse::<Scope>()).collect::<Result<Scopes, _>>();
    let scopes = scopes.map_err(|unknown| Problem::bad_request(unknown.to_string()))?;
    must_cover(&caller, scopes)?;
    if request.first_party {
        caller.must_have(Scope::Admin)?;
    }
    let known = shared.identity.client(app.id).map(|known| known.client_id);
    let is_service = request.grants.iter().all(|grant| &**grant == "client_credentials");
    let client = identity::Client {
        app: app.id,
        org: app.org,
        client_id: request.client_id.or(known).unwrap_or_else(|| name_of(app.id, is_service)),
        confidential: request.confidential,
        grants: request.grants,
        redirect_uris: request.redirect_uris,
        logout_uris: request.logout_uris,
        origins: request.origins,
        return_to: request.return_to,
        scopes,
        audiences: request.audiences,
        first_party: request.first_party,
        display_name: request.display_name.unwrap_or(app.name),
        disabled: request.disabled,
    };
    let set = shared.identity.set_client(app.id, client, caller.actor).await?;
    Ok(Reply::ok(&Client::from(set)))
}

/// Shows an app as a client.
#[utoipa::path(
    get, path = "/v1/apps/{app}/client", tag = "administration", operation_id = "read_client",
    params(("app" = inline(UuidText), Path, description = "The app")),
    responses((status = 200, description = "The client", body = Client)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Administrator,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let app = own_app(&shared, &caller, &id)?;
    Ok(Reply::ok(&Client::from(client_of(&shared, app.id)?)))
}

/// Issues a further secret to a client; earlier ones stay good until they end or are revoked. It is
/// shown this once.
#[utoipa::path(
    post, path = "/v1/apps/{app}/secrets", tag = "administration", operation_id = "issue_secret",
    params(("app" = inline(UuidText), Path, description = "The app")),
    request_body(content = SecretRequest, example = json!({})),
    responses((status = 201, description = "The secret is issued", body = IssuedSecret<'_>)),
)]
pub(super) async fn issue_secret(
    State(shared): State<Shared>,
    caller: Administrator,
    Named(id): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: SecretRequest = body.parse()?;
    let app = own_app(&shared, &caller, &id)?;
    let client = client_of(&shared, app.id)?;
    must_cover(&caller, client.scopes)?;
    if request.expires_in_seconds == Some(0) {
        return Err(Problem::new(Code::BadRequest, "`expires_in_seconds` is at least 1"));
    }
    let now = shared.clock.now();
    let expires = request.expires_in_seconds.map(|seconds| now.plus_micros(i64::from(seconds) * 1_000_000));
    let issued = shared.identity.issue_client_secret(app.id, expires, caller.actor).await?;
    Ok(Reply::created(&IssuedSecret {
        client_id: &client.client_id,
        client_secret: issued.expose(),
        secret_id: issued.id,
        expires,
    }))
}

/// Lists the secrets of a client, those too that ended.
#[utoipa::path(
    get, path = "/v1/apps/{app}/secrets", tag = "administration", operation_id = "list_secrets",
    params(("app" = inline(UuidText), Path, description = "The app")),
    responses((status = 200, description = "The secrets", body = SecretList)),
)]
pub(super) async fn list_secrets(
    State(shared): State<Shared>,
    caller: Administrator,
    Named(id): Named,
) -> Result<Reply, Problem> {
    let app = own_app(&shared, &caller, &id)?;
    let secrets = shared.identity.client_secrets(app.id).into_iter();
    let data = secrets.map(|known| Secret {
        secret_id: known.id,
        issued: known.issued,
        expires: known.expires,
        revoked: known.revoked,
    });
    Ok(Reply::ok(&SecretList { data: data.collect() }))
}

/// Revokes a client's secret: it is refused from the moment of the answer. Revoking it again changes
/// nothing.
#[utoipa::path(
    delete, path = "/v1/secrets/{secret}", tag = "administration", operation_id = "revoke_secret",
    params(("secret" = inline(UuidText), Path, description = "The secret's public id")),
    responses((status = 204, description = "The secret is revoked")),
)]
pub(super) async fn revoke_secret(
    State(shared): State<Shared>,
    caller: Administrator,
    Named(id): Named,
) -> Result<StatusCode, Problem> {
    let secret = id.parse().ok().and_then(|id| shared.identity.client_secret(id));
    let secret = secret.ok_or_else(|| Problem::not_found("secret"))?;
    own_app(&shared, &caller, &secret.app.to_string()).map_err(|_| Problem::not_found("secret"))?;
    shared.identity.revoke_client_secret(secret.app, secret.id, caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_what_is_random_in_the_id() {
        let app = |text: &str| AppId(text.parse().expect("a UUID"));
        let one = name_of(app("3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03"), true);
        assert!(identity::is_client_id(&one), "{one}");
        assert!(one.starts_with("svc_") && one.len() == 20, "{one}");
        let other = name_of(app("3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f04"), false);
        assert!(other.starts_with("app_") && other[4..] != one[4..], "{other}");
    }
}
