//! `/auth/password` and `/auth/password/reset`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{in_person, registration::MailOnItsWay};
use crate::http::{
    app::Shared,
    extract::{Payload, Seen, SignedIn, Text},
    problem::Problem,
    reply::Reply,
};

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PasswordRequest<'a> {
    /// The password until now.
    #[serde(borrow)]
    #[schema(value_type = String, format = "password")]
    current_password: Text<'a>,
    /// The password from now on.
    #[serde(borrow)]
    #[schema(value_type = String, format = "password")]
    new_password: Text<'a>,
}

/// Whose password is to be set anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ResetRequest<'a> {
    /// The e-mail address.
    #[serde(borrow)]
    #[schema(value_type = String, format = "email", example = "ann@mail.example")]
    email: Text<'a>,
}

/// A password, by the token that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewPasswordRequest<'a> {
    /// What the link has as `token`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "clm_…")]
    token: Text<'a>,
    /// The password from now on.
    #[serde(borrow)]
    #[schema(value_type = String, format = "password")]
    new_password: Text<'a>,
}

/// Changes the password. Every session ends, this one too: sign in with the new one. When another change
/// comes first, such as one by mail, nothing is changed here (409).
#[utoipa::path(
    post, path = "/auth/password", tag = "users", operation_id = "change_password",
    request_body(content = PasswordRequest<'_>),
    responses((status = 204, description = "The password is changed")),
)]
pub(in crate::http) async fn change(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    seen: Seen,
    body: Payload,
) -> Result<StatusCode, Problem> {
    in_person(&signed_in)?;
    let request: PasswordRequest<'_> = body.parse()?;
    let (current, new) = (request.current_password.as_ref(), request.new_password.as_ref());
    shared.auth.users.change_password(signed_in.user, current, new, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for a new password. A mail with a link to it is on its way, or, when the address has no account,
/// one that says so: the answer is the same.
#[utoipa::path(
    post, path = "/auth/password/reset", tag = "users", operation_id = "ask_password_reset",
    request_body(content = ResetRequest<'_>, example = json!({ "email": "ann@mail.example" })),
    responses((status = 202, description = "A mail is on its way", body = MailOnItsWay)),
)]
pub(in crate::http) async fn ask(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: ResetRequest<'_> = body.parse()?;
    shared.auth.users.ask_reset(request.email.as_ref(), &seen.into()).await?;
    Ok(MailOnItsWay::reply())
}

/// Sets a new password by the token that was mailed, which is good once, for 30 minutes. Every session
/// ends.
#[utoipa::path(
    put, path = "/auth/password/reset", tag = "users", operation_id = "reset_password",
    request_body(content = NewPasswordRequest<'_>),
    responses((status = 204, description = "The password is set")),
)]
pub(in crate::http) async fn reset(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<StatusCode, Problem> {
    let request: NewPasswordRequest<'_> = body.parse()?;
    let (token, new) = (request.token.as_ref(), request.new_password.as_ref());
    shared.auth.users.reset_password(token, new, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
