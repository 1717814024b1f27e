//! From the credentials of a request to who calls.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use events::{LedgerId, OrgId};

use super::credentials::{Credentials, presented};
use crate::{
    http::{
        app::Shared,
        problem::{Code, Problem},
        rates::Bucket,
    },
    identity::{
        Caller, Principal,
        tokens::{Claims, TokenFault},
    },
};

const ORGANIZATION: HeaderName = HeaderName::from_static("x-organization");
/// Names the ledger to act in, for the operator of several.
const LEDGER: HeaderName = HeaderName::from_static("x-ledger");

/// Who calls, and the claims of the token that says so, if one does.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub(super) caller: Caller,
    pub(super) claims: Option<Arc<Claims>>,
}

/// Who sends a request with these headers.
pub(super) async fn authenticate(headers: &HeaderMap, shared: &Shared) -> Result<Authenticated, Problem> {
    let credentials = presented(headers)?;
    let known = match credentials {
        Credentials { key: Some(key), token: None } => {
            Authenticated { caller: by_key(key, shared).await?, claims: None }
        }
        Credentials { key: None, token: Some(token) } => by_token(token, shared).await?,
        Credentials { key: Some(key), token: Some(token) } => {
            let key = by_key(key, shared).await?;
            let token = by_token(token, shared).await?;
            let detail =
                "X-API-Key and Authorization go together only when the token is a user's for the key's app";
            let caller = shared.identity.on_behalf(&key, &token.caller);
            Authenticated { caller: caller.ok_or_else(|| Problem::bad_request(detail))?, ..token }
        }
        Credentials { key: None, token: None } => return Err(unknown()),
    };
    // Not before it is known who asks: others are not told which ledgers there are.
    if headers.contains_key(LEDGER) && !names(headers, shared.ledger) {
        return Err(Problem::not_found("ledger"));
    }
    admit(&known.caller, shared)?;
    Ok(known)
}

async fn by_key(key: &str, shared: &Shared) -> Result<Caller, Problem> {
    let now = shared.clock.now();
    let caller = shared.identity.authenticate_or_reload(key, now).await.ok_or_else(unknown)?;
    if let Some(id) = caller.principal.key() {
        shared.auth.used.note(id, now);
    }
    Ok(caller)
}

async fn by_token(token: &str, shared: &Shared) -> Result<Authenticated, Problem> {
    let (tokens, now) = (&shared.auth.tokens, shared.clock.now());
    let mut verified = tokens.verify_access(token, now);
    if verified == Err(TokenFault::UnknownKey) {
        // Another replica may have made the key a moment ago.
        match tokens.look_for_key(now).await {
            Ok(true) => verified = tokens.verify_access(token, now),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "an unknown signing key could not be looked up"),
        }
    }
    let claims = verified.map_err(refused)?;
    let caller = shared.identity.bearer_or_reload(&claims).await.map_err(refused)?;
    Ok(Authenticated { caller, claims: Some(claims) })
}

fn unknown() -> Problem {
    let detail = "send a valid API key in X-API-Key, or an API key or access token in Authorization: Bearer";
    Problem::new(Code::Unauthenticated, detail)
}

/// RFC 6750 section 3.1.
fn refused(fault: TokenFault) -> Problem {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{fault}\"");
    let mut problem = Problem::new(Code::Unauthenticated, fault.to_string()).challenging(&challenge);
    problem.extra.push(("reason", "invalid_token".into()));
    problem
}

/// Counts the request for its key, or its user or service, and for the app as a whole.
fn admit(caller: &Caller, shared: &Shared) -> Result<(), Problem> {
    let (by, now) = (caller.principal, shared.clock.monotonic());
    let own = match by {
        Principal::App { key, .. } | Principal::OnBehalf { key, .. } => Some(Bucket::Key(key)),
        Principal::User { user, .. } => Some(Bucket::User(user)),
        Principal::Service { app } => Some(Bucket::Service(app)),
        Principal::Operator => None,
    };
    let limited = |per_second: u32, whose: &str| {
        let detail = format!("more than {per_second} requests a second {whose}");
        let mut problem = Problem::new(Code::RateLimited, detail);
        problem.extra.push(("retry_after_seconds", 1.into()));
        problem
    };
    let state = shared.state();
    if let (Some(rates), Some(own)) = (&state.rates, own)
        && !rates.admit(own, now)
    {
        return Err(limited(rates.per_second(), "with this API key or token"));
    }
    if let (Some(rates), Some(app)) = (&state.client_rates, by.app())
        && !rates.admit(Bucket::Client(app), now)
    {
        return Err(limited(rates.per_second(), "of this app, by all of its keys and tokens"));
    }
    Ok(())
}

/// Whether the request names this ledger, and no other.
pub(in crate::http) fn names(headers: &HeaderMap, ledger: LedgerId) -> bool {
    let mut named = headers.get_all(LEDGER).iter().map(|value| value.to_str().ok()?.parse().ok());
    named.next() == Some(Some(ledger)) && named.next().is_none()
}

/// Everybody acts in the own organization; an operator in the one it names, the only one, or the default
/// one.
pub(super) fn organization(caller: &Caller, headers: &HeaderMap, shared: &Shared) -> Result<OrgId, Problem> {
    let named = headers.get(ORGANIZATION).map(|value| value.to_str().unwrap_or_default());
    let unknown = || Problem::not_found("organization");
    match (caller.principal, named) {
        (Principal::Operator, Some(name)) => find(shared, name).ok_or_else(unknown),
        (Principal::Operator, None) => Ok(match shared.identity.organizations().as_slice() {
            [only] => only.id,
            _ => caller.org,
        }),
        (_, None) => Ok(caller.org),
        (_, Some(name)) => find(shared, name).filter(|org| *org == caller.org).ok_or_else(unknown),
    }
}

/// The organization with this id or name.
pub(in crate::http) fn find(shared: &Shared, name: &str) -> Option<OrgId> {
    let by_id = name.parse().ok().and_then(|id| shared.identity.organization(id));
    by_id.or_else(|| shared.identity.organization_by_name(name)).map(|org| org.id)
}
