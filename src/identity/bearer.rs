//! Who the bearer of a token is now: what the token says, as far as the directory still agrees.

use std::sync::Arc;

use events::{AppId, GroupId, UserId, UserRole, WalletId};

use super::{
    Caller, Denial, Identity, Principal, Reach, Scope, Scopes, role_scopes,
    tokens::{Claims, PrincipalType, TokenFault},
};

impl Identity {
    /// Who the bearer of a verified token is.
    ///
    /// # Errors
    /// [`TokenFault::Revoked`] when the token, its session, its user, its client or the user's access for
    /// the app has ended.
    pub fn bearer(&self, claims: &Claims) -> Result<Caller, TokenFault> {
        let denial = Denial {
            token: Some(claims.jti),
            session: claims.sid,
            user: claims.user(),
            app: claims.app_id,
            issued: Denial::issued(claims.jti, claims.iat),
        };
        if self.denied(&denial) {
            return Err(TokenFault::Revoked);
        }
        let caller = match claims.principal_type {
            PrincipalType::User => self.user_of(claims),
            PrincipalType::Service => self.service_of(claims),
        };
        caller.filter(|caller| caller.org == claims.org_id).ok_or(TokenFault::Revoked)
    }

    /// The app that shows one of its keys, on behalf of the user whose token it shows as well: it may do
    /// what both allow. None when the token is not the user's for this very app.
    #[must_use]
    pub fn on_behalf(&self, key: &Caller, token: &Caller) -> Option<Caller> {
        match (key.principal, token.principal) {
            (Principal::App { app, key: id }, Principal::User { user, app: Some(of), .. })
                if app == of && key.org == token.org =>
            {
                Some(Caller {
                    org: key.org,
                    principal: Principal::OnBehalf { app, key: id, user },
                    scopes: key.scopes.both(token.scopes),
                    reach: Reach::Own(user),
                })
            }
            _ => None,
        }
    }

    /// Whether a wallet is within this reach. Whether it is of the right organization is for the wallet to
    /// say.
    #[must_use]
    pub fn reaches(&self, reach: Reach, wallet: WalletId) -> bool {
        match reach {
            Reach::Organization => true,
            Reach::Own(user) => wallet == user.wallet() || self.is_member(GroupId(wallet.0), user),
        }
    }

    /// Whether an app may spend from a wallet by its own credentials: from a registered user's with that
    /// user's access for it, from a group's with that of a member. Wallets of nobody who is registered are
    /// the apps' own affair.
    #[must_use]
    pub fn lets(&self, app: AppId, wallet: WalletId, scope: Scope) -> bool {
        let (user, group) = (UserId(wallet.0), GroupId(wallet.0));
        let lets = |user: UserId| self.access(user, app).is_some_and(|access| access.scopes.contains(scope));
        let org = self.app(app).map(|app| app.org);
        // Of another organization's the wallet itself says that it is not there.
        if let Some(known) = self.user(user) {
            return Some(known.org) != org || lets(user);
        }
        let Some(group) = self.group(group) else { return true };
        Some(group.org) != org || self.members(group.id).iter().any(|member| lets(member.user))
    }

    /// What a token allows now: what it says, as far as its client may still ask for it. What was taken from a
    /// client ends in the tokens that it has.
    #[must_use]
    pub fn scopes_now(&self, claims: &Claims) -> Scopes {
        match claims.app_id {
            None => claims.scopes(),
            Some(app) => {
                self.standing(app).map_or(Scopes::NONE, |client| within(claims.scopes(), client.scopes))
            }
        }
    }

    /// The same claims with the scopes that they allow now.
    #[must_use]
    pub fn as_now(&self, claims: Arc<Claims>) -> Arc<Claims> {
        let now = self.scopes_now(&claims);
        if now == claims.scopes() {
            return claims;
        }
        Arc::new(Claims { scope: now.spaced().into(), ..Claims::clone(&claims) })
    }

    /// A user counts with the roles it has now. Through an app of others it is a customer, whatever its
    /// roles are: who lets an app spend does not let it administer.
    fn user_of(&self, claims: &Claims) -> Option<Caller> {
        let user = self.user(claims.user()?).filter(|user| !user.disabled)?;
        let said = claims.scopes();
        let (trusted, scopes) = match claims.app_id {
            None => (true, said),
            Some(app) => {
                let client = self.standing(app)?;
                (client.first_party, within(said, client.scopes))
            }
        };
        let role = if trusted { leading(&user.roles) } else { UserRole::Customer };
        let reach = match role {
            UserRole::Admin | UserRole::Auditor => Reach::Organization,
            UserRole::Customer => Reach::Own(user.id),
        };
        let principal = Principal::User { user: user.id, session: claims.sid, app: claims.app_id };
        Some(Caller { org: user.org, principal, scopes: scopes.both(role_scopes(role)), reach })
    }

    fn service_of(&self, claims: &Claims) -> Option<Caller> {
        let app = self.app(claims.app_id?)?;
        let scopes: Scopes = self.scopes_now(claims).iter().filter(|scope| scope.is_for_apps()).collect();
        let principal = Principal::Service { app: app.id };
        Some(Caller { org: app.org, principal, scopes, reach: Reach::Organization })
    }
}

/// What a token says, as far as its client allows it. Most say no more, and are left as they are.
fn within(said: Scopes, allowed: Scopes) -> Scopes {
    if allowed.covers(said) { said } else { said.both(allowed) }
}

/// The role that counts: who administers may do everything, and who audits changes nothing, not even in
/// a wallet of its own.
#[must_use]
pub fn leading(roles: &[UserRole]) -> UserRole {
    let has = |role: UserRole| roles.contains(&role);
    match (has(UserRole::Admin), has(UserRole::Auditor)) {
        (true, _) => UserRole::Admin,
        (false, true) => UserRole::Auditor,
        (false, false) => UserRole::Customer,
    }
}
