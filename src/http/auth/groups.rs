//! `/api/auth/groups`: groups of an organization and who is in them, for people and for services.
//!
//! A service, a key or an administrator sees every group of its organization; a customer, and an app on
//! behalf of one, the groups that the customer is in. All others are not there.

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use events::{GroupId, GroupRole, OrgId, Time, UserId, WalletId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        app::Shared,
        extract::{Caller, Params, Payload, Text, scope},
        problem::{Code, Problem},
        reply::Reply,
        shapes::UuidText,
    },
    identity::{self, Principal, Scope, users, vault::VaultError},
};

/// The most groups in one answer.
const GROUPS_MAX: usize = 1_000;
/// How many profiles are read at a time.
const PROFILES_AT_A_TIME: usize = 8;

/// The group in `/api/auth/groups/{id}/…`. What is no UUID names no group.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct GroupPath(GroupId);

impl FromRequestParts<Shared> for GroupPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let id = segment(parts, 4).parse();
        id.map(Self).map_err(|_| no_group())
    }
}

/// The member in `/api/auth/groups/{id}/members/{user}`.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct MemberPath(UserId);

impl FromRequestParts<Shared> for MemberPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let id = segment(parts, 6).parse();
        id.map(Self).map_err(|_| Problem::not_found("member"))
    }
}

fn segment(parts: &Parts, number: usize) -> &str {
    parts.uri.path().split('/').nth(number).unwrap_or_default()
}

fn no_group() -> Problem {
    Problem::not_found("group")
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Group {
    /// The group; the wallet with the same id is its own.
    #[schema(value_type = String, format = "uuid")]
    id: GroupId,
    /// Its name, unique in the organization.
    #[schema(value_type = String, example = "E2E Test Group")]
    name: Box<str>,
    /// Its organization.
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// How many users are in it.
    member_count: usize,
}

/// Several groups, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct GroupList {
    /// The groups.
    groups: Vec<Group>,
    /// There may be more: ask for those `after` this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<GroupId>,
}

/// A user in a group.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Member {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// Its e-mail address: only for callers with the scope `members:email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "email")]
    email: Option<Box<str>>,
    /// `member` or `admin`.
    #[schema(value_type = String, example = "member")]
    role: GroupRole,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    added_at: Time,
    /// The user who added it; none when a service or an operator did.
    #[schema(value_type = Option<String>, format = "uuid")]
    added_by: Option<UserId>,
}

/// Everybody in a group, by user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MemberList {
    /// The members.
    members: Vec<Member>,
}

/// A group to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct GroupRequest<'a> {
    /// Its name, unique in the organization: 1 to 64 letters, digits, spaces, dashes, underscores and
    /// dots.
    #[serde(borrow)]
    #[schema(value_type = String, example = "E2E Test Group")]
    name: Text<'a>,
}

/// A user to take into a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MemberRequest {
    /// The user, of the same organization.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// `member`, when absent, or `admin`.
    #[serde(default = "member")]
    #[schema(value_type = Option<String>, example = "member")]
    role: GroupRole,
}

const fn member() -> GroupRole {
    GroupRole::Member
}

/// Which groups are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct GroupFilters {
    /// Those with ids above this one: `next` of an earlier answer.
    #[param(value_type = Option<String>, format = "uuid")]
    after: Option<GroupId>,
    /// How many, 1 to 1,000; 100 when absent.
    limit: Option<usize>,
}

/// The group, if it is there for this caller.
fn seen<S>(shared: &Shared, caller: &Caller<S>, id: GroupId) -> Result<identity::Group, Problem> {
    let group = shared.identity.group(id).filter(|group| group.org == caller.org);
    group.filter(|_| caller.reaches(shared, WalletId(id.0))).ok_or_else(no_group)
}

fn shown(shared: &Shared, group: identity::Group) -> Group {
    let member_count = shared.identity.members(group.id).len();
    Group { id: group.id, name: group.name, org_id: group.org, created_at: group.registered, member_count }
}

/// Lists the groups that are there for the caller.
#[utoipa::path(
    get, path = "/api/auth/groups", tag = "groups", operation_id = "list_groups",
    params(GroupFilters),
    responses((status = 200, description = "The groups", body = GroupList)),
)]
pub(in crate::http) async fn list(
    State(shared): State<Shared>,
    caller: Caller<scope::GroupsRead>,
    Params(filters): Params<GroupFilters>,
) -> Result<Reply, Problem> {
    let limit = filters.limit.unwrap_or(100);
    if !(1..=GROUPS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("`limit` is 1 to {GROUPS_MAX}")));
    }
    let groups = match caller.own() {
        None => shared.identity.groups(caller.org, filters.after, limit),
        Some(user) => {
            let own = shared.identity.groups_of(user).into_iter();
            own.filter(|group| filters.after.is_none_or(|after| group.id > after)).take(limit).collect()
        }
    };
    let next = groups.last().filter(|_| groups.len() == limit).map(|group| group.id);
    let groups = groups.into_iter().map(|group| shown(&shared, group)).collect();
    Ok(Reply::ok(&GroupList { groups, next }))
}

/// Shows a group.
#[utoipa::path(
    get, path = "/api/auth/groups/{id}", tag = "groups", operation_id = "read_group",
    params(("id" = inline(UuidText), Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group)),
)]
pub(in crate::http) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::GroupsRead>,
    GroupPath(id): GroupPath,
) -> Result<Reply, Problem> {
    let group = seen(&shared, &caller, id)?;
    Ok(Reply::ok(&shown(&shared, group)))
}

/// Shows who is in a group. E-mail addresses are shown to callers with the scope `members:email`.
#[utoipa::path(
    get, path = "/api/auth/groups/{id}/members", tag = "groups", operation_id = "read_members",
    params(("id" = inline(UuidText), Path, description = "The group")),
    responses((status = 200, description = "The members", body = MemberList)),
)]
pub(in crate::http) async fn members(
    State(shared): State<Shared>,
    caller: Caller<scope::MembersRead>,
    GroupPath(id): GroupPath,
) -> Result<Reply, Problem> {
    seen(&shared, &caller, id)?;
    let emails = caller.may(Scope::MembersEmail);
    let members = stream::iter(shared.identity.members(id))
        .map(|member| told(&shared, member, emails))
        .buffered(PROFILES_AT_A_TIME)
        .try_collect()
        .await?;
    Ok(Reply::ok(&MemberList { members }))
}

/// What is told about a member.
async fn told(shared: &Shared, member: identity::Member, emails: bool) -> Result<Member, Problem> {
    let email = if emails {
        let profile = users::profile(&shared.auth.shelf, member.user, shared.clock.now()).await;
        profile.map_err(|error| unreadable(&error))?.map(|profile| profile.email)
    } else {
        None
    };
    Ok(Member {
        user_id: member.user,
        email,
        role: member.role,
        added_at: member.added,
        added_by: member.added_by,
    })
}

fn unreadable(error: &VaultError) -> Problem {
    tracing::error!(%error, "profiles could not be read");
    Problem::new(Code::Unavailable, "e-mail addresses can't be read now").retry_after(5)
}

/// Registers a group. Nobody is in it yet.
#[utoipa::path(
    post, path = "/api/auth/groups", tag = "groups", operation_id = "register_group",
    request_body(content = GroupRequest<'_>, example = json!({ "name": "E2E Test Group" })),
    responses((status = 201, description = "The group is registered", body = Group)),
)]
pub(in crate::http) async fn register(
    State(shared): State<Shared>,
    caller: Caller<scope::GroupsAdmin>,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: GroupRequest<'_> = body.parse()?;
    caller.must_reach_all()?;
    let group = shared.identity.register_group(caller.org, request.name.as_ref(), caller.actor).await?;
    Ok(Reply::created(&shown(&shared, group)))
}

/// Takes a user of the organization into a group, or gives a member another role. Doing so again changes
/// nothing.
#[utoipa::path(
    post, path = "/api/auth/groups/{id}/members", tag = "groups", operation_id = "add_member",
    params(("id" = inline(UuidText), Path, description = "The group")),
    request_body(content = MemberRequest, example = json!({ "user_id": "c413e5f7-4b8c-44aa-9ff4-56c1476bc5a2" })),
    responses((status = 201, description = "The user is in the group", body = Member)),
)]
pub(in crate::http) async fn add(
    State(shared): State<Shared>,
    caller: Caller<scope::GroupsAdmin>,
    GroupPath(id): GroupPath,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: MemberRequest = body.parse()?;
    caller.must_reach_all()?;
    let group = seen(&shared, &caller, id)?;
    let user = shared.identity.user(request.user_id).filter(|user| user.org == group.org);
    let user = user.ok_or_else(|| Problem::not_found("user"))?.id;
    let added_by = added_by(caller.principal);
    shared.identity.add_member(id, user, request.role, added_by, caller.actor).await?;
    let member = shared.identity.member(id, user).ok_or_else(|| Problem::not_found("member"))?;
    Ok(Reply::created(&told(&shared, member, false).await?))
}

const fn added_by(principal: Principal) -> Option<UserId> {
    match principal {
        Principal::User { user, .. } | Principal::OnBehalf { user, .. } => Some(user),
        Principal::App { .. } | Principal::Service { .. } | Principal::Operator => None,
    }
}

/// Takes a user out of a group. Doing so again changes nothing.
#[utoipa::path(
    delete, path = "/api/auth/groups/{id}/members/{user}", tag = "groups", operation_id = "remove_member",
    params(
        ("id" = inline(UuidText), Path, description = "The group"),
        ("user" = inline(UuidText), Path, description = "The user"),
    ),
    responses((status = 204, description = "The user is not in the group")),
)]
pub(in crate::http) async fn remove(
    State(shared): State<Shared>,
    caller: Caller<scope::GroupsAdmin>,
    GroupPath(id): GroupPath,
    MemberPath(user): MemberPath,
) -> Result<StatusCode, Problem> {
    caller.must_reach_all()?;
    seen(&shared, &caller, id)?;
    let known = shared.identity.user(user).is_some_and(|known| known.org == caller.org);
    if !known {
        return Err(Problem::not_found("member"));
    }
    shared.identity.remove_member(id, user, caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
