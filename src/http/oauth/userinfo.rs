//! `/oauth/userinfo` (OpenID Connect Core section 5.3).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use super::OauthProblem;
use crate::{http::app::Shared, identity::oauth::OauthError};

/// Says who the bearer of an access token with the scope `openid` is: `sub`, with `profile` the name,
/// with `email` the address and whether it is verified.
#[utoipa::path(
    get, path = "/oauth/userinfo", tag = "oauth", operation_id = "userinfo",
    responses((status = 200, description = "The user", body = Object, example = json!({ "sub": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11", "email": "a@b.example", "email_verified": true }))),
)]
pub(in crate::http) async fn userinfo(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OauthProblem> {
    let token = bearer(&headers)?;
    Ok(Json(shared.auth.oauth.userinfo(token, shared.clock.now()).await?).into_response())
}

/// The same by POST, with the token in the header all the same.
#[utoipa::path(
    post, path = "/oauth/userinfo", tag = "oauth", operation_id = "userinfo_by_post",
    responses((status = 200, description = "The user", body = Object)),
)]
pub(in crate::http) async fn by_form(
    state: State<Shared>,
    headers: HeaderMap,
) -> Result<Response, OauthProblem> {
    userinfo(state, headers).await
}

fn bearer(headers: &HeaderMap) -> Result<&str, OauthProblem> {
    let missing = OauthProblem::without_token;
    let mut named = headers.get_all(header::AUTHORIZATION).iter();
    let text = named.next().and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    if named.next().is_some() {
        return Err(OauthError::request("Authorization is there more than once").into());
    }
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim_start()) } else { Err(missing()) }
}
