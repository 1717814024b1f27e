//! `/auth/login`, `/auth/refresh` and `/auth/logout`.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_person;
use crate::{
    http::{
        app::Shared,
        extract::{Payload, Seen, SignedIn, Text},
        problem::Problem,
        reply::Reply,
    },
    identity::users,
};

/// Somebody who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LoginRequest<'a> {
    /// The e-mail address.
    #[serde(borrow)]
    #[schema(value_type = String, format = "email", example = "ann@mail.example")]
    email: Text<'a>,
    /// The password.
    #[serde(borrow)]
    #[schema(value_type = String, format = "password", example = "correct horse battery")]
    password: Text<'a>,
}

/// Somebody who goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RefreshRequest<'a> {
    /// The refresh token that was given last.
    #[serde(borrow)]
    #[schema(value_type = String, example = "clr_…")]
    refresh_token: Text<'a>,
}

/// What somebody who signed in is given.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LoginTokens<'a> {
    /// To be shown as `Authorization: Bearer`.
    #[schema(example = "eyJ…")]
    access_token: &'a str,
    /// Always `Bearer`.
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds it is good.
    #[schema(example = 900)]
    expires_in: u64,
    /// With what to get the next; good once.
    #[schema(example = "clr_…")]
    refresh_token: &'a str,
    /// What the access token allows, between spaces.
    scope: &'a str,
}

/// The answer, which nobody on the way may keep.
pub(in crate::http) fn given(login: &users::Login) -> Response {
    let tokens = LoginTokens {
        access_token: &login.access_token,
        token_type: "Bearer",
        expires_in: login.expires_in,
        refresh_token: &login.refresh_token,
        scope: &login.scope,
    };
    let mut response = Reply::ok(&tokens).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Signs in at the ledger itself. Apps of others send their users to `/oauth/authorize` instead.
#[utoipa::path(
    post, path = "/auth/login", tag = "users", operation_id = "login",
    request_body(content = LoginRequest<'_>, example = json!({ "email": "ann@mail.example", "password": "correct horse battery" })),
    responses((status = 200, description = "Signed in", body = LoginTokens<'_>)),
)]
pub(in crate::http) async fn login(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<Response, Problem> {
    let request: LoginRequest<'_> = body.parse()?;
    let users = &shared.auth.users;
    let login = users.login(request.email.as_ref(), request.password.as_ref(), &seen.into()).await?;
    Ok(given(&login))
}

/// Gives the next tokens for a refresh token. It is good once: a repetition within 10 seconds gets the
/// same refresh token again, and a later one ends the session, because two have it.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "users", operation_id = "refresh_login",
    request_body(content = RefreshRequest<'_>, example = json!({ "refresh_token": "clr_…" })),
    responses((status = 200, description = "The next tokens", body = LoginTokens<'_>)),
)]
pub(in crate::http) async fn refresh(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<Response, Problem> {
    let request: RefreshRequest<'_> = body.parse()?;
    let login = shared.auth.users.refresh(request.refresh_token.as_ref(), &seen.into()).await?;
    Ok(given(&login))
}

/// Signs out: the session ends with all of its tokens, this one too.
#[utoipa::path(
    post, path = "/auth/logout", tag = "users", operation_id = "logout",
    responses((status = 204, description = "Signed out")),
)]
pub(in crate::http) async fn logout(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    seen: Seen,
) -> Result<StatusCode, Problem> {
    in_person(&signed_in)?;
    if let Some(session) = signed_in.claims.sid {
        shared.auth.users.end_session(signed_in.user, session, "logout", &seen.into()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
