//! `/auth/apps`: what a user lets apps do.

use axum::{extract::State, http::StatusCode};
use events::{AppId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::in_person;
use crate::{
    http::{
        app::Shared,
        extract::{Named, Seen, SignedIn},
        keys,
        problem::Problem,
        reply::Reply,
        shapes::UuidText,
    },
    identity::Access,
};

/// What an app may do for a user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AccessView {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// What it is called.
    #[schema(value_type = String)]
    name: Box<str>,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["credits:check", "credits:deduct"]))]
    scopes: Vec<&'static str>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    granted: Time,
}

/// All apps that a user lets do something.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AccessList {
    /// By app.
    data: Vec<AccessView>,
}

fn view(shared: &Shared, access: Access) -> Option<AccessView> {
    let app = shared.identity.app(access.app)?;
    let client = shared.identity.client(access.app);
    let name = client.map(|client| client.display_name).filter(|name| !name.is_empty());
    Some(AccessView {
        app_id: app.id,
        name: name.unwrap_or(app.name),
        scopes: keys::names(access.scopes),
        granted: access.granted,
    })
}

/// Lists the apps that whoever is signed in lets do something.
#[utoipa::path(
    get, path = "/auth/apps", tag = "users", operation_id = "list_access",
    responses((status = 200, description = "The apps", body = AccessList)),
)]
pub(in crate::http) async fn list(
    State(shared): State<Shared>,
    signed_in: SignedIn,
) -> Result<Reply, Problem> {
    in_person(&signed_in)?;
    let granted = shared.identity.apps_of(signed_in.user).into_iter();
    Ok(Reply::ok(&AccessList { data: granted.filter_map(|access| view(&shared, access)).collect() }))
}

/// Takes back what an app was allowed: its tokens for the user end at once.
#[utoipa::path(
    delete, path = "/auth/apps/{app}", tag = "users", operation_id = "revoke_access",
    params(("app" = inline(UuidText), Path, description = "The app")),
    responses((status = 204, description = "The app may do nothing any more")),
)]
pub(in crate::http) async fn revoke(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    seen: Seen,
    Named(app): Named,
) -> Result<StatusCode, Problem> {
    in_person(&signed_in)?;
    let app = app.parse().map_err(|_| Problem::not_found("app"))?;
    shared.auth.users.revoke_access(signed_in.user, app, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
