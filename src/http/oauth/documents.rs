//! What clients read before they ask: metadata (RFC 8414, OpenID Connect Discovery) and keys (RFC 7517).

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    http::app::Shared,
    identity::{
        Scope,
        oauth::{
            authorize::{Mode, Prompt},
            token::GrantType,
        },
        tokens::JWKS_MAX_AGE,
    },
};

/// How an authorization server is to be used (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "oauth", operation_id = "authorization_server_metadata",
    responses((status = 200, description = "The metadata", body = Object)),
)]
pub(in crate::http) async fn authorization_server(State(shared): State<Shared>) -> Response {
    cached(Json(metadata(shared.auth.issuer())).into_response())
}

/// The same, as OpenID Connect Discovery wants it.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "oauth", operation_id = "openid_configuration",
    responses((status = 200, description = "The metadata", body = Object)),
)]
pub(in crate::http) async fn openid_configuration(State(shared): State<Shared>) -> Response {
    cached(Json(metadata(shared.auth.issuer())).into_response())
}

/// The keys by which tokens are verified. They may be kept for five minutes: a new key is here for twice
/// as long before it signs.
#[utoipa::path(
    get, path = "/oauth/jwks", tag = "oauth", operation_id = "jwks",
    responses((status = 200, description = "A JSON web key set", body = Object)),
)]
pub(in crate::http) async fn jwks(State(shared): State<Shared>) -> Response {
    let body = shared.auth.tokens.jwks().into_string();
    cached(([(header::CONTENT_TYPE, "application/jwk-set+json")], body).into_response())
}

fn cached(mut response: Response) -> Response {
    let value = HeaderValue::try_from(format!("public, max-age={}", JWKS_MAX_AGE.as_secs()));
    if let Ok(value) = value {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}

fn metadata(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    let grants: Vec<_> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
    let scopes: Vec<_> = Scope::ALL.into_iter().map(Scope::as_str).collect();
    let prompts: Vec<_> = Prompt::ALL.iter().map(|(name, _)| *name).collect();
    let modes: Vec<_> = Mode::ALL.iter().map(|(name, _)| *name).collect();
    let with_secret = ["client_secret_basic", "client_secret_post"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "jwks_uri": at("/oauth/jwks"),
        "revocation_endpoint": at("/oauth/revoke"),
        "introspection_endpoint": at("/oauth/introspect"),
        "end_session_endpoint": at("/oauth/logout"),
        "service_documentation": at("/docs/"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": modes,
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": with_secret,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "name", "email", "email_verified"],
        "prompt_values_supported": prompts,
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })
}
