//! `POST /api/cross-app/validate-token` and `/refresh-token`: introspection (RFC 7662) and the refresh grant, as
//! JSON for apps.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fault, origin, secret};
use crate::{
    http::{
        app::Shared,
        extract::{Caller, Payload, Seen, Text, scope},
        oauth::token::{count_refused, noted},
        problem::Problem,
        reply::Reply,
    },
    identity::{
        oauth::{
            Granted, OauthError,
            credentials::Credentials,
            token::{Grant, TokenRequest},
        },
        tokens::Claims,
    },
};

/// A token to ask about.
#[derive(Deserialize, ToSchema)]
pub(in crate::http) struct ValidationRequest<'a> {
    /// An access token.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Text<'a>,
    /// The app that it must be for, by id or client id; any of the organization, when absent.
    app_id: Option<String>,
    /// The web origin that it must be for; any, when absent.
    domain: Option<String>,
}

/// What is known of a token: `active` alone, when it is worth nothing here.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Validation {
    /// Whether it counts at this moment.
    active: bool,
    /// The same under the name of earlier clients.
    valid: bool,
    /// What it says.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    claims: Option<Arc<Claims>>,
}

/// Asks whether an access token is good, and whose it is.
///
/// The caller is an app of the organization, by its key or a token.
#[utoipa::path(
    post, path = "/api/cross-app/validate-token", tag = "cross-app", operation_id = "cross_app_validate_token",
    request_body(content = ValidationRequest<'_>, example = json!({ "token": "eyJ…", "app_id": "app_mfrggzdfmztwq2lk" })),
    responses((status = 200, description = "What is known of the token", body = Validation)),
)]
pub(in crate::http) async fn validate(
    State(shared): State<Shared>,
    headers: HeaderMap,
    caller: Caller<scope::AnyKey>,
    body: Payload,
) -> Result<Reply, Problem> {
    origin::must_suit(&caller, &headers, &shared)?;
    let request: ValidationRequest<'_> = body.parse()?;
    let claims = shared.auth.tokens.verify_issued(request.token.as_ref(), shared.clock.now()).ok();
    let claims = claims.filter(|claims| {
        let app =
            |app: &str| *app == *claims.client_id || claims.app_id.is_some_and(|id| id.to_string() == app);
        let domain = |domain: &str| claims.domain.as_deref() == Some(domain);
        claims.org_id == caller.org
            && request.app_id.as_deref().is_none_or(app)
            && request.domain.as_deref().is_none_or(domain)
            && !shared.auth.oauth.is_denied(claims)
    });
    let claims = claims.map(|claims| shared.identity.as_now(claims));
    let valid = claims.is_some();
    Ok(Reply::ok(&Validation { active: valid, valid, claims }))
}

/// A refresh token to go on with.
#[derive(Deserialize, ToSchema)]
pub(in crate::http) struct RefreshRequest<'a> {
    /// The app, by its client id.
    #[schema(example = "app_mfrggzdfmztwq2lk")]
    client_id: String,
    /// Its secret, if it has one.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Text<'a>>,
    /// The refresh token.
    #[serde(borrow)]
    #[schema(value_type = String)]
    refresh_token: Text<'a>,
}

/// Exchanges a refresh token for new tokens.
#[utoipa::path(
    post, path = "/api/cross-app/refresh-token", tag = "cross-app", operation_id = "cross_app_refresh_token",
    request_body(content = RefreshRequest<'_>, example = json!({ "client_id": "app_mfrggzdfmztwq2lk", "refresh_token": "clr_…" })),
    responses((status = 200, description = "The tokens", body = Object)),
)]
pub(in crate::http) async fn refresh(
    State(shared): State<Shared>,
    headers: HeaderMap,
    seen: Seen,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: RefreshRequest<'_> = body.parse()?;
    let RefreshRequest { client_id, client_secret, refresh_token } = request;
    let grant = Grant::Refresh { token: secret(refresh_token) };
    let credentials = Credentials { client_id, secret: client_secret.map(secret) };
    granted(&shared, (&headers, &seen), &credentials, grant).await.map(|granted| Reply::ok(&granted))
}

/// What a grant is worth to an app, as at `/oauth/token`: within the same rates, counted and noted.
pub(super) async fn granted(
    shared: &Shared,
    (headers, seen): (&HeaderMap, &Seen),
    credentials: &Credentials,
    grant: Grant,
) -> Result<Granted, Problem> {
    let now = shared.clock.now();
    let client = shared.auth.oauth.authenticate(credentials, now);
    let client = client.inspect_err(count_refused).map_err(fault)?;
    origin::must_be_of(&client, headers, shared)?;
    if !shared.auth.oauth.admits(client.app, None, shared.clock.monotonic()) {
        let slower = OauthError::too_often(1);
        count_refused(&slower);
        return Err(fault(slower));
    }
    let request = TokenRequest { grant, scope: None, resources: Vec::new() };
    let kind = request.kind().as_str();
    let granted = shared.auth.oauth.token(&client, request, now).await;
    noted(shared, &client, seen, kind, &granted);
    granted.map_err(fault)
}
