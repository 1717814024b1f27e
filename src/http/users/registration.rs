//! `/auth/register` and `/auth/verify-email`.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        app::Shared,
        extract::{Payload, Seen, Text, find_organization},
        problem::Problem,
        reply::Reply,
    },
    identity::{
        DEFAULT_ORGANIZATION,
        users::{Confirmed, Registration},
    },
};

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RegistrationRequest<'a> {
    /// The e-mail address.
    #[serde(borrow)]
    #[schema(value_type = String, format = "email", example = "ann@mail.example")]
    email: Text<'a>,
    /// The password: at least 8 characters and at most 1,024 bytes, none that is guessed first, and not
    /// the address.
    #[serde(borrow)]
    #[schema(value_type = String, format = "password", example = "correct horse battery")]
    password: Text<'a>,
    /// A name, 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "Ann Lee")]
    name: Option<Text<'a>>,
    /// The organization's id or name; `default`, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    organization: Option<Text<'a>>,
}

/// What everybody is told, whether or not the address has an account.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MailOnItsWay {
    /// Always `mail-on-its-way`.
    #[schema(value_type = String, example = "mail-on-its-way")]
    status: &'static str,
}

impl MailOnItsWay {
    pub(super) fn reply() -> Reply {
        Reply::new(StatusCode::ACCEPTED, &Self { status: "mail-on-its-way" })
    }
}

/// The token of a link that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct VerificationRequest<'a> {
    /// What the link has as `token`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "clm_…")]
    token: Text<'a>,
}

/// Registers a user. A mail with a link to confirm the address is on its way, or, when it has an account
/// already, one that says so: the answer is the same. The user's wallet is open from the start.
#[utoipa::path(
    post, path = "/auth/register", tag = "users", operation_id = "register_user",
    request_body(content = RegistrationRequest<'_>, example = json!({ "email": "ann@mail.example", "password": "correct horse battery" })),
    responses((status = 202, description = "A mail is on its way", body = MailOnItsWay)),
)]
pub(in crate::http) async fn register(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: RegistrationRequest<'_> = body.parse()?;
    let organization = request.organization.as_ref().map_or(DEFAULT_ORGANIZATION, AsRef::as_ref);
    let org = find_organization(&shared, organization).ok_or_else(|| Problem::not_found("organization"))?;
    let asked = Registration {
        email: request.email.as_ref(),
        password: request.password.as_ref(),
        name: request.name.as_ref().map(AsRef::as_ref),
        org,
        app: None,
        next: "",
    };
    shared.auth.users.register(asked, &seen.into()).await?;
    Ok(MailOnItsWay::reply())
}

/// Confirms an e-mail address by the token that was mailed to it. The token is good once, for 24 hours.
/// When the address was registered more than once, nobody knows which of the mails its owner waited for:
/// no password of those registrations counts, and a mail with a link to choose one is on its way.
#[utoipa::path(
    post, path = "/auth/verify-email", tag = "users", operation_id = "verify_email",
    request_body(content = VerificationRequest<'_>, example = json!({ "token": "clm_…" })),
    responses(
        (status = 204, description = "The address is confirmed: the user can sign in"),
        (status = 202, description = "The address is confirmed, and a mail to choose a password is on its way", body = MailOnItsWay),
    ),
)]
pub(in crate::http) async fn verify(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<Response, Problem> {
    let request: VerificationRequest<'_> = body.parse()?;
    Ok(match shared.auth.users.verify_email(request.token.as_ref(), &seen.into()).await? {
        Confirmed::Ready { .. } => StatusCode::NO_CONTENT.into_response(),
        Confirmed::Contested => MailOnItsWay::reply().into_response(),
    })
}
