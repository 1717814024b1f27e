//! `/v1/users`: what administrators see and decide.

use axum::{extract::State, http::StatusCode};
use events::{UserId, UserRole};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::account::UserView;
use crate::{
    http::{
        app::Shared,
        extract::{Caller, Named, Params, Payload, Seen, Text, scope, short_text},
        problem::Problem,
        reply::Reply,
        shapes::UuidText,
    },
    identity::{Scope, parse_role},
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 64;

/// Which users are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct UserParams {
    /// Those after this one, which is the `next` of the page before.
    #[param(value_type = Option<String>, format = "uuid")]
    after: Option<Uuid>,
    /// At most so many, 1 to 200; 50 when absent.
    limit: Option<usize>,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct UserList {
    /// By id.
    data: Vec<UserView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<UserId>,
}

/// What a user may do from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RolesRequest<'a> {
    /// All of its roles: `customer`, `admin`, `auditor`.
    #[serde(borrow)]
    #[schema(value_type = Vec<String>, example = json!(["customer"]))]
    roles: Vec<Text<'a>>,
}

/// Why a user may do nothing for now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DisableRequest<'a> {
    /// A short code, such as `abuse`; `operator`, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "abuse")]
    reason: Option<Text<'a>>,
}

/// What needs nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EnableRequest {}

/// The named user, when it is of the caller's organization.
fn own_user<S>(shared: &Shared, caller: &Caller<S>, id: &str) -> Result<UserId, Problem> {
    caller.must_reach_all()?;
    let user = id.parse().ok().and_then(|id| shared.identity.user(UserId(id)));
    let own = user.filter(|user| user.org == caller.org);
    own.map(|user| user.id).ok_or_else(|| Problem::not_found("user"))
}

/// The named user, whom the caller may change: whoever looks after customers alone changes no one else.
fn changed_user(shared: &Shared, caller: &Caller<scope::UsersAdmin>, id: &str) -> Result<UserId, Problem> {
    let user = own_user(shared, caller, id)?;
    let roles = shared.identity.user(user).map(|user| user.roles).unwrap_or_default();
    if roles.iter().any(|role| *role != UserRole::Customer) {
        caller.must_have(Scope::Admin)?;
    }
    Ok(user)
}

/// Lists the users of the organization.
#[utoipa::path(
    get, path = "/v1/users", tag = "users", operation_id = "list_users",
    params(UserParams),
    responses((status = 200, description = "A page of users", body = UserList)),
)]
pub(in crate::http) async fn list(
    State(shared): State<Shared>,
    caller: Caller<scope::UsersRead>,
    Params(params): Params<UserParams>,
) -> Result<Reply, Problem> {
    caller.must_reach_all()?;
    let limit = params.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("`limit` is from 1 to {LIMIT_MAX}")));
    }
    let page = shared.auth.users.page_of(caller.org, params.after.map(UserId), limit).await?;
    let data = page.users.into_iter().map(UserView::from).collect();
    Ok(Reply::ok(&UserList { data, next: page.next }))
}

/// Reads a user.
#[utoipa::path(
    get, path = "/v1/users/{user}", tag = "users", operation_id = "read_user",
    params(("user" = inline(UuidText), Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView)),
)]
pub(in crate::http) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::UsersRead>,
    Named(user): Named,
) -> Result<Reply, Problem> {
    let user = own_user(&shared, &caller, &user)?;
    Ok(Reply::ok(&UserView::from(shared.auth.users.account(user).await?)))
}

/// Sets what a user may do from now on; tokens that it has count with the new roles at once. Only
/// `admin` may give more than `customer`, or change, disable, enable or sign out a user who has more.
#[utoipa::path(
    put, path = "/v1/users/{user}/roles", tag = "users", operation_id = "set_roles",
    params(("user" = inline(UuidText), Path, description = "The user")),
    request_body(content = RolesRequest<'_>, example = json!({ "roles": ["auditor"] })),
    responses((status = 200, description = "The user", body = UserView)),
)]
pub(in crate::http) async fn set_roles(
    State(shared): State<Shared>,
    caller: Caller<scope::UsersAdmin>,
    seen: Seen,
    Named(user): Named,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: RolesRequest<'_> = body.parse()?;
    let user = changed_user(&shared, &caller, &user)?;
    let roles: Option<Vec<UserRole>> = request.roles.iter().map(|role| parse_role(role.as_ref())).collect();
    let roles = roles.ok_or_else(|| Problem::bad_request("`roles` are customer, admin and auditor"))?;
    // Whoever may look after users may not make itself, or anybody, more than that.
    if roles.iter().any(|role| *role != UserRole::Customer) {
        caller.must_have(Scope::Admin)?;
    }
    shared.auth.users.set_roles(user, roles, caller.actor, &seen.into()).await?;
    Ok(Reply::ok(&UserView::from(shared.auth.users.account(user).await?)))
}

/// Keeps a user from doing anything: its sessions and tokens end at once. Disabling it again changes
/// nothing.
#[utoipa::path(
    post, path = "/v1/users/{user}/disable", tag = "users", operation_id = "disable_user",
    params(("user" = inline(UuidText), Path, description = "The user")),
    request_body(content = DisableRequest<'_>, example = json!({ "reason": "abuse" })),
    responses((status = 204, description = "The user is disabled")),
)]
pub(in crate::http) async fn disable(
    State(shared): State<Shared>,
    caller: Caller<scope::UsersAdmin>,
    seen: Seen,
    Named(user): Named,
    body: Payload,
) -> Result<StatusCode, Problem> {
    let request: DisableRequest<'_> = body.parse()?;
    let user = changed_user(&shared, &caller, &user)?;
    let reason = request.reason.as_ref().map(|reason| short_text("reason", reason, REASON_CHARS_MAX));
    let reason = reason.transpose()?.unwrap_or_else(|| "operator".into());
    shared.auth.users.disable(user, &reason, caller.actor, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a user sign in again. Enabling it again changes nothing.
#[utoipa::path(
    post, path = "/v1/users/{user}/enable", tag = "users", operation_id = "enable_user",
    params(("user" = inline(UuidText), Path, description = "The user")),
    request_body(content = EnableRequest),
    responses((status = 204, description = "The user may sign in")),
)]
pub(in crate::http) async fn enable(
    State(shared): State<Shared>,
    caller: Caller<scope::UsersAdmin>,
    seen: Seen,
    Named(user): Named,
    body: Payload,
) -> Result<StatusCode, Problem> {
    let EnableRequest {} = body.parse()?;
    let user = changed_user(&shared, &caller, &user)?;
    shared.auth.users.enable(user, caller.actor, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of a user, with all of their tokens.
#[utoipa::path(
    delete, path = "/v1/users/{user}/sessions", tag = "users", operation_id = "end_sessions_of_user",
    params(("user" = inline(UuidText), Path, description = "The user")),
    responses((status = 204, description = "All sessions have ended")),
)]
pub(in crate::http) async fn end_sessions(
    State(shared): State<Shared>,
    caller: Caller<scope::UsersAdmin>,
    seen: Seen,
    Named(user): Named,
) -> Result<StatusCode, Problem> {
    let user = changed_user(&shared, &caller, &user)?;
    shared.auth.users.end_sessions(user, "administrator", caller.actor, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
