//! What others are told about people.

use std::collections::BTreeMap;

use events::{
    AppId, GroupId, GroupRole, OrgId, SecretId, SessionId, Time, TokenId, UserId, UserRole, Verifier,
};
use projections::{AccessRow, ClientRow, GroupRow, MemberRow, SecretRow, UserRow};

use super::super::{Scopes, directory::known_scopes};

/// A person. Its address and name are in the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id, which is its wallet's too.
    pub id: UserId,
    /// The organization it belongs to.
    pub org: OrgId,
    /// What it may do: each once, in ascending order.
    pub roles: Vec<UserRole>,
    /// Whether it may do nothing for now.
    pub disabled: bool,
    /// Whether it has shown that its mail reaches it.
    pub verified: bool,
    /// When it was registered.
    pub registered: Time,
    /// Sessions and tokens from before this time ended.
    pub before: Option<Time>,
    /// Through whom it may sign in, beside its password.
    pub providers: Vec<Box<str>>,
}

/// What a user grants to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The user.
    pub user: UserId,
    /// The app.
    pub app: AppId,
    /// What the app may do for it.
    pub scopes: Scopes,
    /// Since when it is so.
    pub granted: Time,
}

/// An app as a client of the authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The app.
    pub app: AppId,
    /// The app's organization.
    pub org: OrgId,
    /// Its public name, unique in the ledger.
    pub client_id: Box<str>,
    /// Whether it has secrets that it can keep.
    pub confidential: bool,
    /// The OAuth grant types that it may use.
    pub grants: Vec<Box<str>>,
    /// Where a sign-in may lead back to, exactly.
    pub redirect_uris: Vec<Box<str>>,
    /// Where a sign-out may lead back to, exactly.
    pub logout_uris: Vec<Box<str>>,
    /// Web origins of its pages.
    pub origins: Vec<Box<str>>,
    /// Where a sign-in with a `return_to` key ends.
    pub return_to: BTreeMap<Box<str>, Box<str>>,
    /// What it may ask for.
    pub scopes: Scopes,
    /// Whom its access tokens may be for, beside the ledger.
    pub audiences: Vec<Box<str>>,
    /// Whether nobody is asked for consent.
    pub first_party: bool,
    /// What people see.
    pub display_name: Box<str>,
    /// Whether it may do nothing for now.
    pub disabled: bool,
}

/// A secret of a client, without what it takes to use or to check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Its public id.
    pub id: SecretId,
    /// Whose it is.
    pub app: AppId,
    /// When it was issued.
    pub issued: Time,
    /// From when on it is no longer accepted, if it ends.
    pub expires: Option<Time>,
    /// When it was revoked, if it was.
    pub revoked: Option<Time>,
}

/// Several users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id; a wallet with the same id is its own.
    pub id: GroupId,
    /// The organization it belongs to.
    pub org: OrgId,
    /// Its name, unique in the organization.
    pub name: Box<str>,
    /// When it was registered.
    pub registered: Time,
}

/// A user in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The group.
    pub group: GroupId,
    /// The user.
    pub user: UserId,
    /// What it may do there.
    pub role: GroupRole,
    /// When it joined, or was given this role.
    pub added: Time,
    /// The user who added it, if it was one.
    pub added_by: Option<UserId>,
}

/// What a token says of itself, to find out whether it was ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// Its `jti`.
    pub token: Option<TokenId>,
    /// The session that it belongs to.
    pub session: Option<SessionId>,
    /// The user for whom it is.
    pub user: Option<UserId>,
    /// The app that has it.
    pub app: Option<AppId>,
    /// When it was issued: see [`Self::issued`].
    pub issued: Time,
}

impl Denial {
    /// When a token was issued, as exactly as it tells: a `jti` that is a UUIDv7 of the second of `iat` has
    /// the millisecond. The ends of a user's sessions are compared by the millisecond, so with whole seconds
    /// a token of the second in which its user changed the password counts as one of before.
    #[must_use]
    pub fn issued(token: TokenId, iat: i64) -> Time {
        let millis = i64::try_from(token.0.as_u128() >> 80).unwrap_or_default();
        let is_exact = token.0.get_version_num() == 7 && millis / 1_000 == iat;
        Time::from_micros(if is_exact { millis * 1_000 } else { iat.saturating_mul(1_000_000) })
    }
}

impl From<&UserRow> for User {
    fn from(row: &UserRow) -> Self {
        Self {
            id: row.id,
            org: row.org,
            roles: row.roles.clone(),
            disabled: row.disabled.is_some(),
            verified: row.verified.is_some(),
            registered: row.registered,
            before: row.before,
            providers: row.providers.clone(),
        }
    }
}

impl From<&AccessRow> for Access {
    fn from(row: &AccessRow) -> Self {
        Self { user: row.user, app: row.app, scopes: known_scopes(&row.scopes), granted: row.granted }
    }
}

impl Client {
    pub(super) fn of(row: &ClientRow, org: OrgId) -> Self {
        let set = row.set.clone();
        Self {
            app: set.app,
            org,
            client_id: set.client_id,
            confidential: set.confidential,
            grants: set.grants,
            redirect_uris: set.redirect_uris,
            logout_uris: set.logout_uris,
            origins: set.origins,
            return_to: set.return_to,
            scopes: known_scopes(&set.scopes),
            audiences: set.audiences,
            first_party: set.first_party,
            display_name: set.display_name,
            disabled: set.disabled,
        }
    }
}

impl From<&SecretRow> for Secret {
    fn from(row: &SecretRow) -> Self {
        let SecretRow { id, app, verifier: Verifier(_), issued, expires, revoked, changed: _ } = *row;
        Self { id, app, issued, expires, revoked }
    }
}

impl From<&GroupRow> for Group {
    fn from(row: &GroupRow) -> Self {
        Self { id: row.id, org: row.org, name: row.name.clone(), registered: row.registered }
    }
}

impl From<&MemberRow> for Member {
    fn from(row: &MemberRow) -> Self {
        let MemberRow { group, user, role, added, added_by, .. } = *row;
        Self { group, user, role, added, added_by }
    }
}
