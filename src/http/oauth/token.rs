//! `POST /oauth/token`.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::OauthProblem;
use crate::{
    http::{
        app::Shared,
        extract::{OauthForm, Seen},
    },
    identity::{
        Client,
        oauth::{ErrorCode, Granted, OauthError, credentials, params::Params, token::TokenRequest},
        vault::{Activity, ActivityKind, Outcome},
    },
};

/// What a client asks for. Which fields there are depends on the grant.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "it documents the form, which is read parameter by parameter")]
pub(in crate::http) struct TokenForm {
    /// `client_credentials`, `authorization_code` or `refresh_token`.
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// The client, unless it authenticates in the header `Authorization: Basic`.
    client_id: Option<String>,
    /// Its secret, likewise.
    client_secret: Option<String>,
    /// Scopes between spaces; all that the client, the user or the token allows, when absent.
    scope: Option<String>,
    /// Whom the token is for (RFC 8707); may be repeated.
    resource: Option<String>,
    /// The authorization code.
    code: Option<String>,
    /// Where the code was sent.
    redirect_uri: Option<String>,
    /// The PKCE verifier.
    code_verifier: Option<String>,
    /// The refresh token.
    refresh_token: Option<String>,
}

/// The tokens.
#[derive(Debug, Serialize, ToSchema)]

pub(in crate::http) struct TokenAnswer {
    /// The access token: a JWT (RFC 9068).
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: String,
    /// For how many seconds.
    #[schema(example = 900)]
    expires_in: u64,
    /// What it allows, between spaces.
    #[schema(example = "groups:read members:read")]
    scope: String,
    /// With what to go on, once.
    #[schema(required = false)]
    refresh_token: Option<String>,
    /// Who signed in, with the scope `openid`.
    #[schema(required = false)]
    id_token: Option<String>,
}

/// Issues tokens: to a service of its own (`client_credentials`), for a code with its PKCE verifier
/// (`authorization_code`), or for a refresh token, which is used up. Errors are those of RFC 6749.
#[utoipa::path(
    post, path = "/oauth/token", tag = "oauth", operation_id = "token",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The tokens", body = TokenAnswer)),
)]
pub(in crate::http) async fn token(
    State(shared): State<Shared>,
    headers: HeaderMap,
    seen: Seen,
    OauthForm(params): OauthForm,
) -> Result<Response, OauthProblem> {
    let client = authenticated(&shared, &headers, &params)?;
    let scope = params.optional("scope")?;
    if !shared.auth.oauth.admits(client.app, scope, shared.clock.monotonic()) {
        let slower = OauthError::too_often(1);
        count_refused(&slower);
        return Err(slower.into());
    }
    let request = TokenRequest::parse(&params)?;
    let (now, grant) = (shared.clock.now(), request.kind().as_str());
    let granted = shared.auth.oauth.token(&client, request, now).await;
    noted(&shared, &client, &seen, grant, &granted);
    // For caches of HTTP/1.0 (RFC 6749 section 5.1); Cache-Control is on every answer.
    Ok(([(header::PRAGMA, "no-cache")], Json(granted?)).into_response())
}

/// The client that a request authenticates as.
pub(super) fn authenticated(
    shared: &Shared,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Client, OauthError> {
    let mut named = headers.get_all(header::AUTHORIZATION).iter();
    let header = named.next().map(|value| value.to_str().unwrap_or_default());
    if named.next().is_some() {
        return Err(OauthError::request("Authorization is there more than once"));
    }
    let presented = credentials::presented(header, params)?;
    shared.auth.oauth.authenticate(&presented, shared.clock.now()).inspect_err(count_refused)
}

/// Counts a request for tokens that got none.
pub(in crate::http) fn count_refused(error: &OauthError) {
    let kind = if error.code == ErrorCode::TooOften { "rate_limited" } else { error.code.as_str() };
    metrics::counter!("credit_ledger_tokens_refused_total", "error" => kind).increment(1);
}

/// Counts what came of a request for tokens, and notes it. Anybody may claim to be a client without a secret:
/// what it was refused is noted only when there was something to it, or garbage would fill the database.
pub(in crate::http) fn noted(
    shared: &Shared,
    client: &Client,
    seen: &Seen,
    grant: &'static str,
    granted: &Result<Granted, OauthError>,
) {
    let (outcome, detail) = match granted {
        Ok(_) => {
            metrics::counter!("credit_ledger_tokens_issued_total", "grant" => grant).increment(1);
            (Outcome::Done, grant)
        }
        Err(error) => {
            count_refused(error);
            if !client.confidential && !error.about_genuine {
                return;
            }
            (Outcome::Refused, error.code.as_str())
        }
    };
    let activity = Activity::new(ActivityKind::Token, outcome, client.org, shared.clock.now());
    let activity = activity.through(client.app).from(Some(seen.address), Some(&seen.agent));
    shared.auth.trail.note(activity.detailed(detail));
}
