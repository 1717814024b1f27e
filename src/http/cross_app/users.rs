//! `GET /api/cross-app/user` and `/user-info`: who is signed in, as far as the app may know.

use axum::{extract::State, http::HeaderMap};
use events::{AppId, OrgId, UserId, UserRole, WalletId};
use serde::Serialize;
use utoipa::ToSchema;

use super::origin;
use crate::{
    http::{
        app::Shared,
        extract::SignedIn,
        problem::{Code, Problem},
        reply::Reply,
    },
    identity::{Scope, tokens::Claims, users},
};

/// A user, as an app sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct CrossAppUser {
    /// The user, whose wallet has the same id.
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    /// The same under another name.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The e-mail address, with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    email: Option<Box<str>>,
    /// Whether mail reaches the user there, with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    /// The name, with the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    name: Option<Box<str>>,
    /// What the user is: `customer`, `admin`, `auditor`.
    #[schema(value_type = Vec<String>)]
    roles: Vec<UserRole>,
    /// The app that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    app_id: Option<AppId>,
    /// The user's organization.
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    /// What the user lets the app do.
    #[schema(value_type = Vec<String>)]
    permissions: Vec<&'static str>,
}

impl CrossAppUser {
    pub(super) fn wallet(&self) -> WalletId {
        self.id.wallet()
    }
}

/// Reads who is signed in.
#[utoipa::path(
    get, path = "/api/cross-app/user", tag = "cross-app", operation_id = "cross_app_user",
    responses((status = 200, description = "The user", body = CrossAppUser)),
)]
pub(in crate::http) async fn read(
    State(shared): State<Shared>,
    headers: HeaderMap,
    signed_in: SignedIn,
) -> Result<Reply, Problem> {
    origin::must_fit(signed_in.app, &headers, &shared)?;
    Ok(Reply::ok(&of(&shared, &signed_in.claims).await?))
}

/// The same as `/api/cross-app/user`.
#[utoipa::path(
    get, path = "/api/cross-app/user-info", tag = "cross-app", operation_id = "cross_app_user_info",
    responses((status = 200, description = "The user", body = CrossAppUser)),
)]
pub(in crate::http) async fn info(
    shared: State<Shared>,
    headers: HeaderMap,
    signed_in: SignedIn,
) -> Result<Reply, Problem> {
    read(shared, headers, signed_in).await
}

/// What a token tells of its user.
pub(super) async fn of(shared: &Shared, claims: &Claims) -> Result<CrossAppUser, Problem> {
    let user = claims.user().and_then(|user| shared.identity.user(user));
    let user = user.ok_or_else(|| Problem::new(Code::Forbidden, "this needs a user's token"))?;
    let scopes = shared.identity.scopes_now(claims);
    let profile = users::profile(&shared.auth.shelf, user.id, shared.clock.now()).await?;
    let (email, name) = profile.map(|profile| (profile.email, profile.name)).unzip();
    let may = |scope| scopes.contains(scope);
    Ok(CrossAppUser {
        id: user.id,
        user_id: user.id,
        email: email.filter(|_| may(Scope::Email)),
        email_verified: Some(user.verified).filter(|_| may(Scope::Email)),
        name: name.flatten().filter(|_| may(Scope::Profile)),
        roles: users::shown_roles(&user),
        app_id: claims.app_id,
        org_id: user.org,
        permissions: scopes.iter().map(Scope::as_str).collect(),
    })
}
