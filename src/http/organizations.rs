//! `/v1/organizations`: tenants.

use axum::extract::State;
use events::OrgId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{Caller, Operator, Payload, Text, scope},
    problem::Problem,
    reply::Reply,
};
use crate::identity;

/// An organization to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationRequest<'a> {
    /// Its unique name: 1 to 64 letters, digits, spaces, dashes, underscores and dots.
    #[serde(borrow)]
    #[schema(value_type = String, example = "acme")]
    name: Text<'a>,
}

/// A tenant: apps and wallets belong to exactly one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Organization {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    organization: OrgId,
    /// Its unique name.
    #[schema(value_type = String, example = "acme")]
    name: Box<str>,
}

impl From<identity::Organization> for Organization {
    fn from(known: identity::Organization) -> Self {
        Self { organization: known.id, name: known.name }
    }
}

/// All organizations that the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganizationList {
    /// By name.
    data: Vec<Organization>,
}

/// Registers an organization. Operators only.
#[utoipa::path(
    post, path = "/v1/organizations", tag = "administration", operation_id = "register_organization",
    request_body(content = OrganizationRequest<'_>, example = json!({ "name": "acme" })),
    responses((status = 201, description = "The organization is registered", body = Organization)),
)]
pub(super) async fn register(
    State(shared): State<Shared>,
    operator: Operator,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: OrganizationRequest<'_> = body.parse()?;
    let registered = shared.identity.register_organization(request.name.as_ref(), operator.actor).await?;
    Ok(Reply::created(&Organization::from(registered)))
}

/// Lists organizations: all of them for operators, the caller's own for apps.
#[utoipa::path(
    get, path = "/v1/organizations", tag = "administration", operation_id = "list_organizations",
    responses((status = 200, description = "The organizations", body = OrganizationList)),
)]
pub(super) async fn list(State(shared): State<Shared>, caller: Caller<scope::Admin>) -> Reply {
    let known = shared.identity.organizations().into_iter();
    let visible = known.filter(|known| caller.is_operator() || known.id == caller.org);
    Reply::ok(&OrganizationList { data: visible.map(Organization::from).collect() })
}
