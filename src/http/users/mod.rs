//! Users: `/auth/…`, where people register, sign in and keep their account, and `/v1/users` and
//! `/v1/activity`, where administrators look after them.

mod account;
mod activity;
mod admin;
mod apps;
pub(super) mod login;
mod passwords;
mod registration;
mod sessions;

pub(super) use login::{LoginTokens, given};

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::Shared,
    extract::{Seen, SignedIn},
    problem::{Code, Problem, submission},
};
use crate::identity::{
    throttle::Throttled,
    users::{Origin, UserError},
    vault::VaultError,
};

/// The handlers with their documentation.
pub(super) fn documented() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(registration::register))
        .routes(routes!(registration::verify))
        .routes(routes!(login::login))
        .routes(routes!(login::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(passwords::change))
        .routes(routes!(passwords::ask, passwords::reset))
        .routes(routes!(account::me, account::change))
        .routes(routes!(account::preferences, account::set_preferences))
        .routes(routes!(sessions::list, sessions::end_all))
        .routes(routes!(sessions::end))
        .routes(routes!(apps::list))
        .routes(routes!(apps::revoke))
        .routes(routes!(activity::own))
        .routes(routes!(activity::list))
        .routes(routes!(activity::counts))
        .routes(routes!(admin::list))
        .routes(routes!(admin::read))
        .routes(routes!(admin::set_roles))
        .routes(routes!(admin::disable))
        .routes(routes!(admin::enable))
        .routes(routes!(admin::end_sessions))
}

impl From<Seen> for Origin {
    fn from(seen: Seen) -> Self {
        Self { address: seen.address, agent: seen.agent }
    }
}

/// The user, by a login here: an app that has a token of the user's may not do this for it.
fn in_person(signed_in: &SignedIn) -> Result<(), Problem> {
    if signed_in.app.is_none() {
        return Ok(());
    }
    let detail = "only the user may do this, by a login here: an app's token is not enough";
    Err(Problem::new(Code::Forbidden, detail))
}

impl From<Throttled> for Problem {
    fn from(throttled: Throttled) -> Self {
        let seconds = throttled.seconds();
        let problem = Self::new(Code::TooManyAttempts, throttled.to_string());
        let mut problem = problem.retry_after(u32::try_from(seconds).unwrap_or(u32::MAX));
        problem.extra.push(("retry_after_seconds", seconds.into()));
        problem
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Conflict => Self::new(Code::Conflict, "another change came first"),
            VaultError::Unavailable(reason) => {
                tracing::error!(reason, "the identity database failed");
                Self::new(Code::Unavailable, "the identity database cannot be used now").retry_after(5)
            }
            VaultError::Corrupt { .. } => {
                tracing::error!(%error, "the identity database is damaged");
                Self::new(Code::Internal, "stored data breaks a rule; the log has the request id")
            }
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Throttled(throttled) => throttled.into(),
            UserError::Busy => Self::new(Code::Overloaded, error.to_string()),
            UserError::InvalidCredentials | UserError::InvalidRefresh => {
                Self::new(Code::InvalidCredentials, error.to_string()).challenging("Bearer")
            }
            UserError::Disabled => Self::new(Code::AccountDisabled, error.to_string()),
            UserError::InvalidLink => Self::new(Code::InvalidLink, error.to_string()),
            UserError::Password(fault) => Self::new(Code::PasswordRefused, fault.to_string()),
            UserError::Email(_) => Self::bad_request("`email` is no e-mail address"),
            UserError::Name => Self::bad_request(error.to_string()),
            UserError::NoRole => Self::bad_request("`roles` names at least one role"),
            UserError::NotFound => Self::not_found("user, session or app"),
            UserError::Vault(error) => error.into(),
            UserError::Identity(error) => error.into(),
            UserError::Engine(error) => submission(error, false),
            UserError::Failed => Self::new(Code::Internal, "this failed here; the log has the request id"),
        }
    }
}
