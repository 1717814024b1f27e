//! `POST /oauth/introspect` (RFC 7662) and `POST /oauth/revoke` (RFC 7009).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{OauthProblem, token::authenticated};
use crate::{
    http::{app::Shared, extract::OauthForm},
    identity::oauth::OauthError,
};

/// A token to look at or to end.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "it documents the form, which is read parameter by parameter")]
pub(in crate::http) struct TokenToInspect {
    /// The token.
    token: String,
    /// `access_token` or `refresh_token`; either is recognized without.
    token_type_hint: Option<String>,
    /// The client, unless it authenticates in the header `Authorization: Basic`.
    client_id: Option<String>,
    /// Its secret, likewise.
    client_secret: Option<String>,
}

/// Says whether a token counts, and what it allows. A client with a secret sees the tokens of its own
/// organization; of any other, only that it is not active.
#[utoipa::path(
    post, path = "/oauth/introspect", tag = "oauth", operation_id = "introspect_token",
    request_body(content = TokenToInspect, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What the token is worth (RFC 7662)", body = Object, example = json!({ "active": false }))),
)]
pub(in crate::http) async fn introspect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    OauthForm(params): OauthForm,
) -> Result<Response, OauthProblem> {
    let client = authenticated(&shared, &headers, &params)?;
    // Anybody may claim to be a public client.
    if !client.confidential {
        return Err(OauthError::client().into());
    }
    let token = params.required("token")?;
    let now = shared.clock.now();
    Ok(Json(shared.auth.oauth.introspect(&client, token, now).await?).into_response())
}

/// Ends a token of the client's; a refresh token with all that came of the same sign-in. A token that is
/// unknown or somebody else's is answered alike.
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "oauth", operation_id = "revoke_token",
    request_body(content = TokenToInspect, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token does not count, whatever it was")),
)]
pub(in crate::http) async fn revoke(
    State(shared): State<Shared>,
    headers: HeaderMap,
    OauthForm(params): OauthForm,
) -> Result<StatusCode, OauthProblem> {
    let client = authenticated(&shared, &headers, &params)?;
    let token = params.required("token")?;
    shared.auth.oauth.revoke(&client, token, shared.clock.now()).await?;
    Ok(StatusCode::OK)
}
