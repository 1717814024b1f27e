//! `/api/auth/verify-session`: a code that somebody carried over from the page of a sign-in.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
};
use events::{SessionId, Time, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::sign_in::problem_of;
use crate::http::{app::Shared, extract::Seen, problem::Problem, reply::Reply};

const TOKEN: HeaderName = HeaderName::from_static("x-session-token");

/// Who signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionUser {
    /// The user, whose wallet has the same id.
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    /// The address.
    #[schema(example = "ann@mail.example")]
    email: Option<Box<str>>,
    /// The name, if it is known.
    #[schema(example = "Ann Lee")]
    name: Option<Box<str>>,
}

/// A session that a code opened.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct VerifiedSession {
    /// Always `true`: a code that does not count is answered with 401.
    valid: bool,
    /// Who signed in.
    user: SessionUser,
    /// The session.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// When it ends: seven days after the code was first presented.
    #[schema(value_type = String, format = "date-time")]
    expires_at: Time,
}

/// Says who signed in, by the code that they were shown: `X-Session-Token: VERIFIED-…`. It must be presented
/// within ten minutes, and is then good for seven days, unless the user ends it before. Presenting it the first
/// time lets the app spend the user's credits: whoever carried it over agreed to that.
#[utoipa::path(
    get, path = "/api/auth/verify-session", tag = "sign-in", operation_id = "verify_session",
    params(("X-Session-Token" = String, Header, description = "The code: `VERIFIED-` and 26 letters and digits")),
    responses((status = 200, description = "It counts", body = VerifiedSession)),
)]
pub(in crate::http) async fn verify(
    State(shared): State<Shared>,
    seen: Seen,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let mut presented = headers.get_all(TOKEN).iter();
    let (Some(code), None) = (presented.next(), presented.next()) else {
        return Err(Problem::bad_request("send the code once, in the header X-Session-Token"));
    };
    let code = code.to_str().unwrap_or_default();
    let session = shared.auth.google.verify(code, &seen.into()).await;
    let session = session.map_err(problem_of)?;
    let user = SessionUser { id: session.user, email: session.email, name: session.name };
    let (session_id, expires_at) = (session.session, session.expires);
    Ok(Reply::ok(&VerifiedSession { valid: true, user, session_id, expires_at }))
}
