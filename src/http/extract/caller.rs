//! Who calls, and whether they may.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use events::{AppId, OrgId, UserId, WalletId};

use super::authentication::{Authenticated, authenticate, organization};
use crate::{
    http::{
        app::Shared,
        problem::{Code, Problem},
    },
    identity::{Principal, Reach, Scope, Scopes, tokens::Claims},
};

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
        GroupsRead = GroupsRead,
        GroupsAdmin = GroupsAdmin,
        MembersRead = MembersRead,
        UsersRead = UsersRead,
        UsersAdmin = UsersAdmin,
        AppsAdmin = AppsAdmin,
        ActivityRead = ActivityRead,
        Admin = Admin,
    }

    /// Whatever the credential allows: the handler asks further.
    #[derive(Debug)]
    pub(in crate::http) enum AnyKey {}
}

/// An authenticated caller that has the scope `S`.
#[derive(Debug)]
pub(in crate::http) struct Caller<S> {
    /// The organization in which it acts.
    pub(in crate::http) org: OrgId,
    /// The app that acts, if one does.
    pub(in crate::http) app: Option<AppId>,
    /// The `actor` of events it causes.
    pub(in crate::http) actor: Option<Box<str>>,
    /// Whether it may see what belongs to no organization.
    pub(in crate::http) administers: bool,
    /// Who it is.
    pub(in crate::http) principal: Principal,
    reach: Reach,
    scopes: Scopes,
    /// Of the token, if it showed one.
    claims: Option<Arc<Claims>>,
    scope: PhantomData<fn() -> S>,
}

impl<S> Caller<S> {
    /// Whether it is an operator of the ledger.
    pub(in crate::http) const fn is_operator(&self) -> bool {
        matches!(self.principal, Principal::Operator)
    }

    /// The same caller, named in events by its key: where two people must act, two keys of one app
    /// are two.
    pub(in crate::http) fn in_person(self) -> Self {
        let actor = match self.principal {
            Principal::App { key, .. } => Some(format!("key/{key}").into()),
            Principal::Operator
            | Principal::User { .. }
            | Principal::Service { .. }
            | Principal::OnBehalf { .. } => self.actor,
        };
        Self { actor, ..self }
    }

    /// Whether what it showed is still accepted: for answers that take their time.
    pub(in crate::http) fn is_still_let(&self, shared: &Shared) -> bool {
        let now = shared.clock.now();
        let key = self.principal.key().and_then(|key| shared.identity.key(key));
        let token_lives = |claims: &Arc<Claims>| {
            // Who administered and no longer does reaches less than what was asked for.
            let reaches = |caller: crate::identity::Caller| self.is_customer() || caller.reach == self.reach;
            let lives = claims.exp > now.micros().div_euclid(1_000_000);
            lives && shared.identity.bearer(claims).is_ok_and(reaches)
        };
        key.is_none_or(|key| key.lives(now)) && self.claims.as_ref().is_none_or(token_lives)
    }

    /// Whether it reaches only what is a user's own.
    pub(in crate::http) const fn is_customer(&self) -> bool {
        matches!(self.reach, Reach::Own(_))
    }

    /// Whether it has a further scope than that of its route.
    pub(in crate::http) const fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// Refuses a caller without a further scope than that of its route.
    pub(in crate::http) fn must_have(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) { Ok(()) } else { Err(lacks(scope)) }
    }

    /// Whether a wallet exists for this caller, as far as the caller decides that.
    pub(in crate::http) fn reaches(&self, shared: &Shared, wallet: WalletId) -> bool {
        shared.identity.reaches(self.reach, wallet)
    }

    /// Refuses a wallet that does not exist for this caller, as one that does not exist at all.
    pub(in crate::http) fn must_reach(&self, shared: &Shared, wallet: WalletId) -> Result<(), Problem> {
        if self.reaches(shared, wallet) { Ok(()) } else { Err(Problem::not_found("wallet")) }
    }

    /// Refuses a caller whose own things are all there is, where the whole organization is meant.
    pub(in crate::http) fn must_reach_all(&self) -> Result<(), Problem> {
        match self.reach {
            Reach::Organization => Ok(()),
            Reach::Own(_) => {
                let detail =
                    "this is about the whole organization, and a customer's token reaches the customer's own";
                let challenge = "Bearer error=\"insufficient_scope\", scope=\"admin\"";
                Err(Problem::new(Code::Forbidden, detail)
                    .with("required_scope", Scope::Admin)
                    .challenging(challenge))
            }
        }
    }

    /// The user whose things are all there is for this caller, if it is so.
    pub(in crate::http) const fn own(&self) -> Option<UserId> {
        match self.reach {
            Reach::Organization => None,
            Reach::Own(user) => Some(user),
        }
    }

    /// The wallet that is meant when none is named: the user's own, of a caller for whom there are no
    /// others.
    pub(in crate::http) const fn or_own(&self, named: Option<WalletId>) -> Option<WalletId> {
        match (named, self.reach) {
            (None, Reach::Own(user)) => Some(user.wallet()),
            (named, _) => named,
        }
    }
}

impl<S: scope::Needed> FromRequestParts<Shared> for Caller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let known = authenticate(&parts.headers, shared).await?;
        if !known.caller.may(S::SCOPE) {
            return Err(lacks(S::SCOPE));
        }
        Self::known(known, &parts.headers, shared)
    }
}

impl FromRequestParts<Shared> for Caller<scope::AnyKey> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let known = authenticate(&parts.headers, shared).await?;
        Self::known(known, &parts.headers, shared)
    }
}

impl<S> Caller<S> {
    fn known(known: Authenticated, headers: &HeaderMap, shared: &Shared) -> Result<Self, Problem> {
        let Authenticated { caller, claims } = known;
        Ok(Self {
            org: organization(&caller, headers, shared)?,
            app: caller.app(),
            actor: caller.actor(),
            administers: caller.may(Scope::Admin),
            principal: caller.principal,
            reach: caller.reach,
            scopes: caller.scopes,
            claims,
            scope: PhantomData,
        })
    }
}

/// RFC 6750 section 3.1.
fn lacks(scope: Scope) -> Problem {
    let detail = format!("this operation needs the scope {scope}");
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    Problem::new(Code::Forbidden, detail).with("required_scope", scope).challenging(&challenge)
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
        let Authenticated { caller, .. } = authenticate(&parts.headers, shared).await?;
        if caller.principal != Principal::Operator {
            let detail = "this operation needs the admin token of the ledger's operator";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(Self { actor: caller.actor() })
    }
}

/// A user, by a token of its own, whatever the token allows beyond saying so. An app that shows its key
/// beside the token is refused: what is asked here only the user may do.
#[derive(Debug)]
pub(in crate::http) struct SignedIn {
    /// The user.
    pub(in crate::http) user: UserId,
    /// Its organization.
    pub(in crate::http) org: OrgId,
    /// The app through which it acts; none by a login here.
    pub(in crate::http) app: Option<AppId>,
    /// What the token says.
    pub(in crate::http) claims: Arc<Claims>,
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Authenticated { caller, claims } = authenticate(&parts.headers, shared).await?;
        match (caller.principal, claims) {
            (Principal::User { user, app, .. }, Some(claims)) => {
                let org = organization(&caller, &parts.headers, shared)?;
                Ok(Self { user, org, app, claims })
            }
            _ => {
                let detail = "this operation needs an access token of a user";
                Err(Problem::new(Code::Forbidden, detail))
            }
        }
    }
}
