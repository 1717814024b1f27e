//! `/auth/sessions`.

use std::net::IpAddr;

use axum::{extract::State, http::StatusCode};
use events::{AppId, SessionId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::in_person;
use crate::{
    http::{
        app::Shared,
        extract::{Named, Seen, SignedIn},
        problem::Problem,
        reply::Reply,
        shapes::UuidText,
    },
    identity::users::Listed,
};

/// A session, as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionView {
    /// The session.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// How it began, such as `password` or `google`.
    #[schema(value_type = String, example = "password")]
    method: Box<str>,
    /// For which app, if for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    app_id: Option<AppId>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started: Time,
    /// When it was last used to get tokens.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    /// When it ends, unless it is used before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// From where it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    address: Option<IpAddr>,
    /// With which user agent.
    #[schema(value_type = String)]
    user_agent: Box<str>,
}

impl SessionView {
    fn of(Listed { id, session, expires }: Listed, current: Option<SessionId>) -> Self {
        Self {
            session_id: id,
            current: current == Some(id),
            method: session.method,
            app_id: session.app,
            started: session.started,
            last_seen: session.seen,
            expires,
            address: session.address,
            user_agent: session.agent,
        }
    }
}

/// All sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionList {
    /// Newest first.
    data: Vec<SessionView>,
}

/// Lists the sessions of whoever is signed in.
#[utoipa::path(
    get, path = "/auth/sessions", tag = "users", operation_id = "list_sessions",
    responses((status = 200, description = "The sessions", body = SessionList)),
)]
pub(in crate::http) async fn list(
    State(shared): State<Shared>,
    signed_in: SignedIn,
) -> Result<Reply, Problem> {
    in_person(&signed_in)?;
    let sessions = shared.auth.users.sessions(signed_in.user).await?.into_iter();
    let current = signed_in.claims.sid;
    Ok(Reply::ok(&SessionList { data: sessions.map(|listed| SessionView::of(listed, current)).collect() }))
}

/// Ends a session, with all of its tokens, everywhere.
#[utoipa::path(
    delete, path = "/auth/sessions/{session}", tag = "users", operation_id = "end_session",
    params(("session" = inline(UuidText), Path, description = "The session")),
    responses((status = 204, description = "The session has ended")),
)]
pub(in crate::http) async fn end(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    seen: Seen,
    Named(session): Named,
) -> Result<StatusCode, Problem> {
    in_person(&signed_in)?;
    let session = session.parse().map(SessionId).map_err(|_| Problem::not_found("session"))?;
    shared.auth.users.end_session(signed_in.user, session, "revoked", &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session, with all of their tokens, this one too.
#[utoipa::path(
    delete, path = "/auth/sessions", tag = "users", operation_id = "end_sessions",
    responses((status = 204, description = "All sessions have ended")),
)]
pub(in crate::http) async fn end_all(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    seen: Seen,
) -> Result<StatusCode, Problem> {
    in_person(&signed_in)?;
    let actor = Some(format!("user/{}", signed_in.user).into());
    shared.auth.users.end_sessions(signed_in.user, "logout-everywhere", actor, &seen.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
