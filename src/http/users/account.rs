//! `/auth/me` and `/auth/preferences`.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use events::{OrgId, Time, UserId, UserRole};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use super::in_person;
use crate::{
    http::{
        app::Shared,
        extract::{Payload, SignedIn, Text},
        problem::{Code, Problem},
        reply::Reply,
    },
    identity::users::{Account, shown_roles},
};

/// The most bytes of a user's preferences.
const PREFERENCES_BYTES_MAX: usize = 16 * 1_024;

/// A user, as itself and administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct UserView {
    /// The user; its wallet has the same id.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// Its organization.
    #[schema(value_type = String, format = "uuid")]
    organization: OrgId,
    /// Its e-mail address.
    #[schema(value_type = String, format = "email")]
    email: Box<str>,
    /// Whether it has shown that its mail reaches it.
    email_verified: bool,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    name: Option<Box<str>>,
    /// What it may do: `customer`, `admin`, `auditor`.
    #[schema(value_type = Vec<String>, example = json!(["customer"]))]
    roles: Vec<UserRole>,
    /// Whether it may do nothing for now.
    disabled: bool,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    registered: Time,
}

impl From<Account> for UserView {
    fn from(Account { user, profile }: Account) -> Self {
        Self {
            user_id: user.id,
            organization: user.org,
            email: profile.email,
            email_verified: user.verified,
            name: profile.name,
            roles: shown_roles(&user),
            disabled: user.disabled,
            registered: user.registered,
        }
    }
}

/// What a user changes of its account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AccountRequest<'a> {
    /// The name from now on, 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = String, example = "Ann Lee")]
    name: Text<'a>,
}

/// The account of whoever is signed in.
#[utoipa::path(
    get, path = "/auth/me", tag = "users", operation_id = "read_account",
    responses((status = 200, description = "The account", body = UserView)),
)]
pub(in crate::http) async fn me(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Reply, Problem> {
    in_person(&signed_in)?;
    Ok(Reply::ok(&UserView::from(shared.auth.users.account(signed_in.user).await?)))
}

/// Changes the account's name.
#[utoipa::path(
    put, path = "/auth/me", tag = "users", operation_id = "change_account",
    request_body(content = AccountRequest<'_>, example = json!({ "name": "Ann Lee" })),
    responses((status = 200, description = "The account", body = UserView)),
)]
pub(in crate::http) async fn change(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    body: Payload,
) -> Result<Reply, Problem> {
    in_person(&signed_in)?;
    let request: AccountRequest<'_> = body.parse()?;
    shared.auth.users.set_name(signed_in.user, request.name.as_ref()).await?;
    Ok(Reply::ok(&UserView::from(shared.auth.users.account(signed_in.user).await?)))
}

/// The preferences of whoever is signed in: a JSON object, as it was set; `{}` at first.
#[utoipa::path(
    get, path = "/auth/preferences", tag = "users", operation_id = "read_preferences",
    responses((status = 200, description = "The preferences", body = Object)),
)]
pub(in crate::http) async fn preferences(
    State(shared): State<Shared>,
    signed_in: SignedIn,
) -> Result<Reply, Problem> {
    let preferences = shared.auth.users.account(signed_in.user).await?.profile.preferences;
    let text = if preferences.is_empty() { "{}".to_owned() } else { preferences.into() };
    Ok(Reply::ok(&RawValue::from_string(text).ok()))
}

/// Sets the preferences: any JSON object of up to 16 KiB, in place of the one before.
#[utoipa::path(
    put, path = "/auth/preferences", tag = "users", operation_id = "set_preferences",
    request_body(content = Object, example = json!({ "theme": "dark" })),
    responses((status = 204, description = "The preferences are set")),
)]
pub(in crate::http) async fn set_preferences(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    body: Payload,
) -> Result<Response, Problem> {
    let preferences: Map<String, Value> = body.parse()?;
    let text = Value::from(preferences).to_string();
    if text.len() > PREFERENCES_BYTES_MAX {
        let detail = format!("preferences have at most {PREFERENCES_BYTES_MAX} bytes");
        return Err(Problem::new(Code::PayloadTooLarge, detail));
    }
    shared.auth.users.set_preferences(signed_in.user, text.into()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
