//! Who calls: a user with a token that is good, and that nothing has ended.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use credit_ledger_client::auth::{Claims, TokenFault};
use uuid::Uuid;

use crate::{Chat, problem::Problem};

/// The user who calls.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) user: Uuid,
    pub(crate) organization: Uuid,
    /// The app that got her token; none when she logged in at the ledger itself.
    pub(crate) app: Option<Uuid>,
    /// Her token.
    pub(crate) token: String,
}

impl FromRequestParts<Arc<Chat>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, chat: &Arc<Chat>) -> Result<Self, Problem> {
        let token = bearer(parts)?.to_owned();
        let claims = chat.verifier.verify(&token).await.map_err(refused)?;
        let (Some(user), Some(organization)) = (claims.user(), claims.org_id) else {
            return Err(Problem::forbidden("a service can't chat: send a user's token"));
        };
        if chat.store.has_ended(user, &claims).await? {
            return Err(Problem::unauthenticated("the session of this token has ended"));
        }
        Ok(Self { user, organization, app: claims.app_id, token })
    }
}

fn bearer(parts: &Parts) -> Result<&str, Problem> {
    const ASK: Problem = Problem::unauthenticated("send a user's token as Authorization: Bearer");
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(ASK);
    };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(ASK)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim_start()) } else { Err(ASK) }
}

fn refused(fault: TokenFault) -> Problem {
    match fault {
        TokenFault::Unavailable => Problem::unavailable("tokens can't be verified now"),
        TokenFault::Malformed
        | TokenFault::Algorithm
        | TokenFault::Type
        | TokenFault::UnknownKey
        | TokenFault::Signature
        | TokenFault::Issuer
        | TokenFault::Audience
        | TokenFault::Expired
        | TokenFault::Early
        | TokenFault::Principal => {
            tracing::info!(%fault, "a token was refused");
            Problem::unauthenticated("the token is not good here")
        }
    }
}

/// What of a token an ending may name.
pub(crate) struct Endable<'a> {
    pub(crate) token: &'a str,
    pub(crate) session: Option<Uuid>,
    /// When it was issued, in microseconds since 1970, as the ledger counts them.
    pub(crate) issued_us: i64,
}

impl<'a> From<&'a Claims> for Endable<'a> {
    fn from(claims: &'a Claims) -> Self {
        let issued_us = i64::try_from(claims.iat).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        Self { token: &claims.jti, session: claims.sid, issued_us }
    }
}
