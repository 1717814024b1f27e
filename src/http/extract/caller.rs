//! Who calls, and whether they may.

use std::marker::PhantomData;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use events::{AppId, KeyId, LedgerId, OrgId};

use crate::{
    http::{
        app::Shared,
        problem::{Code, Problem},
    },
    identity::{self, Principal, Scope, Scopes},
};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-organization");
/// Names the ledger to act in, for the operator of several.
const LEDGER: HeaderName = HeaderName::from_static("x-ledger");

/// Scopes as types, for [`Caller`].
pub(in crate::http) mod scope {
    use crate::identity::Scope;

    /// A scope that a route needs.
    pub(in crate::http) trait Needed: Send + Sync + 'static {
        /// The scope.
        const SCOPE: Scope;
    }

    macro_rules! needed {
        ($($name:ident = $scope:ident),+ $(,)?) => {$(
            #[doc = concat!("[`Scope::", stringify!($scope), "`]")]
            #[derive(Debug)]
            pub(in crate::http) enum $name {}
            impl Needed for $name {
                const SCOPE: Scope = Scope::$scope;
            }
        )+};
    }

    needed! {
        Check = CreditsCheck,
        Deduct = CreditsDeduct,
        Rollback = CreditsRollback,
        Purchase = CreditsPurchase,
        Grant = CreditsGrant,
        Hold = CreditsHold,
        Refund = CreditsRefund,
        Adjust = CreditsAdjust,
        Read = CreditsRead,
        Control = WalletsControl,
        Prices = PricesWrite,
        Reports = ReportsRead,
        Admin = Admin,
    }

    /// Whatever the key allows: the handler asks further.
    #[derive(Debug)]
    pub(in crate::http) enum AnyKey {}
}

/// An authenticated caller that has the scope `S`.
#[derive(Debug)]
pub(in crate::http) struct Caller<S> {
    /// The organization in which it acts.
    pub(in crate::http) org: OrgId,
    /// The app; none for an operator.
    pub(in crate::http) app: Option<AppId>,
    /// The `actor` of events it causes.
    pub(in crate::http) actor: Option<Box<str>>,
    /// Whether it may see what belongs to no organization.
    pub(in crate::http) administers: bool,
    key: Option<KeyId>,
    scopes: Scopes,
    scope: PhantomData<fn() -> S>,
}

impl<S> Caller<S> {
    /// Whether it is an operator of the ledger.
    pub(in crate::http) const fn is_operator(&self) -> bool {
        self.app.is_none()
    }

    /// The same caller, named in events by its key: where two people must act, two keys of one app
    /// are two.
    pub(in crate::http) fn in_person(self) -> Self {
        let actor = self.key.map(|key| format!("key/{key}").into()).or(self.actor);
        Self { actor, ..self }
    }

    /// Refuses a caller without a further scope than that of its route.
    pub(in crate::http) fn must_have(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(lacks(scope)) }
    }
}

impl<S: scope::Needed> FromRequestParts<Shared> for Caller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let caller = authenticate(&parts.headers, shared)?;
        if !caller.may(S::SCOPE) {
            return Err(lacks(S::SCOPE));
        }
        Self::known(&caller, parts, shared)
    }
}

impl FromRequestParts<Shared> for Caller<scope::AnyKey> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let caller = authenticate(&parts.headers, shared)?;
        Self::known(&caller, parts, shared)
    }
}

impl<S> Caller<S> {
    fn known(caller: &identity::Caller, parts: &Parts, shared: &Shared) -> Result<Self, Problem> {
        Ok(Self {
            org: organization(caller, &parts.headers, shared)?,
            app: caller.app(),
            actor: caller.actor(),
            administers: caller.may(Scope::Admin),
            key: match caller.principal {
                Principal::App { key, .. } => Some(key),
                Principal::Operator => None,
            },
            scopes: caller.scopes,
            scope: PhantomData,
        })
    }
}

fn lacks(scope: Scope) -> Problem {
    let detail = format!("this operation needs the scope {scope}");
    Problem::new(Code::Forbidden, detail).with("required_scope", scope)
}

/// The operator of the ledger.
#[derive(Debug)]
pub(in crate::http) struct Operator {
    /// The `actor` of events it causes.
    pub(in crate::http) actor: Option<Box<str>>,
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let caller = authenticate(&parts.headers, shared)?;
        if caller.app().is_some() {
            let detail = "this operation needs the admin token of the ledger's operator";
            return Err(Problem::new(Code::Forbidden, detail).with("required_scope", "operator"));
        }
        Ok(Self { actor: caller.actor() })
    }
}

fn authenticate(headers: &HeaderMap, shared: &Shared) -> Result<identity::Caller, Problem> {
    let unknown =
        || Problem::new(Code::Unauthenticated, "send a valid API key in X-API-Key or Authorization: Bearer");
    let key = presented(headers)?.ok_or_else(unknown)?;
    let caller = shared.identity.authenticate(key, shared.clock.now()).ok_or_else(unknown)?;
    // Not before it is known who asks: others are not told which ledgers there are.
    if headers.contains_key(LEDGER) && !names(headers, shared.ledger) {
        return Err(Problem::not_found("ledger"));
    }
    if let (Some(rates), Principal::App { key, .. }) = (&shared.state().rates, caller.principal)
        && !rates.admit(key, shared.clock.monotonic())
    {
        let detail = format!("more than {} requests a second with this API key", rates.per_second());
        let mut problem = Problem::new(Code::RateLimited, detail);
        problem.extra.push(("retry_after_seconds", 1.into()));
        return Err(problem);
    }
    Ok(caller)
}

/// Whether the request names this ledger, and no other.
pub(in crate::http) fn names(headers: &HeaderMap, ledger: LedgerId) -> bool {
    let mut named = headers.get_all(LEDGER).iter().map(|value| value.to_str().ok()?.parse().ok());
    named.next() == Some(Some(ledger)) && named.next().is_none()
}

/// The key that the request carries, if it carries one.
pub(in crate::http) fn presented(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let text = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(Problem::bad_request("more than one header with an API key"));
        }
        Ok(first.map(|value| value.to_str().unwrap_or_default()))
    };
    let plain = text(API_KEY)?;
    let bearer = text(header::AUTHORIZATION)?.map(|value| match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        // Another scheme, or none: a credential that nobody has.
        _ => "",
    });
    match (plain, bearer) {
        (Some(plain), Some(bearer)) if plain != bearer => {
            Err(Problem::bad_request("X-API-Key and Authorization carry different keys"))
        }
        (plain, bearer) => Ok(plain.or(bearer)),
    }
}

/// An app acts in its own organization; an operator in the one it names, the only one, or the
/// default one.
fn organization(caller: &identity::Caller, headers: &HeaderMap, shared: &Shared) -> Result<OrgId, Problem> {
    let named = headers.get(ORGANIZATION).map(|value| value.to_str().unwrap_or_default());
    let unknown = || Problem::not_found("organization");
    match (caller.principal, named) {
        (Principal::App { .. }, None) => Ok(caller.org),
        (Principal::App { .. }, Some(name)) => {
            find(shared, name).filter(|org| *org == caller.org).ok_or_else(unknown)
        }
        (Principal::Operator, Some(name)) => find(shared, name).ok_or_else(unknown),
        (Principal::Operator, None) => Ok(match shared.identity.organizations().as_slice() {
            [only] => only.id,
            _ => caller.org,
        }),
    }
}

/// The organization with this id or name.
pub(in crate::http) fn find(shared: &Shared, name: &str) -> Option<OrgId> {
    let by_id = name.parse().ok().and_then(|id| shared.identity.organization(id));
    by_id.or_else(|| shared.identity.organization_by_name(name)).map(|org| org.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_key_comes_in_either_header() {
        for pairs in [
            [("x-api-key", "k")].as_slice(),
            &[("authorization", "Bearer k")],
            &[("authorization", "bearer  k")],
            &[("authorization", "BEARER k"), ("x-api-key", "k")],
        ] {
            assert_eq!(presented(&headers(pairs)).expect("one key"), Some("k"), "{pairs:?}");
        }
        assert_eq!(presented(&HeaderMap::new()).expect("no key"), None);
    }

    #[test]
    fn another_scheme_authenticates_nobody() {
        for value in ["Basic k", "k", "Bearer"] {
            assert_eq!(presented(&headers(&[("authorization", value)])).expect("a key"), Some(""), "{value}");
        }
    }

    #[test]
    fn two_different_keys_are_malformed() {
        for pairs in [
            [("x-api-key", "a"), ("authorization", "Bearer b")],
            [("x-api-key", "a"), ("x-api-key", "a")],
            [("authorization", "Bearer a"), ("authorization", "Bearer b")],
        ] {
            let problem = presented(&headers(&pairs)).expect_err("a problem");
            assert_eq!(problem.code, Code::BadRequest);
        }
    }
}
