//! What tokens say.

use events::{AppId, OrgId, SessionId, TokenId, UserId, UserRole};
use serde::{Deserialize, Serialize};

use crate::identity::{Denial, Scopes};

/// Whose token it is, said outright: a client id may look like anything but a UUID, and still nobody
/// should have to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalType {
    /// A person's; `sub` is the user's UUID.
    User,
    /// A service's own; `sub` is its client id.
    Service,
}

/// `type` of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    /// The only value.
    Access,
}

/// The claims of an access token: those of RFC 9068 section 2.2 and our own. Times are seconds since
/// 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: the public URL.
    pub iss: Box<str>,
    /// The user's UUID, or the client id of a service.
    pub sub: Box<str>,
    /// Who is to accept it.
    pub aud: Vec<Box<str>>,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// From when it is valid, if not at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Its own name.
    pub jti: TokenId,
    /// The client that asked for it.
    pub client_id: Box<str>,
    /// What it allows, between spaces.
    pub scope: Box<str>,
    /// The organization in which its bearer acts.
    pub org_id: OrgId,
    /// Whose it is.
    pub principal_type: PrincipalType,
    /// That it is an access token.
    #[serde(rename = "type")]
    pub kind: TokenType,
    /// The user's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The user's roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<UserRole>,
    /// When the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The client as an app of the ledger; none for a login at the ledger itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The web origin for which a cross-app token was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Box<str>>,
}

impl Claims {
    /// The user, if it is a user's token.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.principal_type {
            PrincipalType::User => self.sub.parse().ok(),
            PrincipalType::Service => None,
        }
    }

    /// What it allows. Scopes that are not the ledger's, but some other audience's, allow nothing here.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes::known(&self.scope)
    }
}

impl Denial {
    /// What a token says of itself.
    #[must_use]
    pub fn of(claims: &Claims) -> Self {
        Self {
            token: Some(claims.jti),
            session: claims.sid,
            user: claims.user(),
            app: claims.app_id,
            issued: Self::issued(claims.jti, claims.iat),
        }
    }
}

/// Whose an access token shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A user's.
    User {
        /// The user.
        user: UserId,
        /// The session by whose end the token ends as well.
        session: Option<SessionId>,
        /// The user's roles.
        roles: Vec<UserRole>,
        /// When the user signed in, in seconds since 1970.
        auth_time: Option<i64>,
    },
    /// The client's own.
    Service,
}

/// What an access token is issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessGrant {
    /// Whose it is.
    pub whose: Whose,
    /// The organization.
    pub org: OrgId,
    /// The client that asked for it.
    pub client_id: Box<str>,
    /// The client as an app; none for a login at the ledger itself.
    pub app: Option<AppId>,
    /// What it allows. Empty is possible: such a token only says who its bearer is.
    pub scopes: Scopes,
    /// Who is to accept it; the ledger itself, when empty.
    pub audience: Vec<Box<str>>,
    /// The web origin, for a cross-app token.
    pub domain: Option<Box<str>>,
}

/// What an ID token is issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdGrant<'a> {
    /// The client, which is the audience.
    pub client_id: &'a str,
    /// The user.
    pub user: UserId,
    /// The client's `nonce`.
    pub nonce: Option<&'a str>,
    /// When the user signed in, in seconds since 1970.
    pub auth_time: Option<i64>,
    /// The session.
    pub session: Option<SessionId>,
    /// The access token that is issued with it, whose hash it carries.
    pub access_token: Option<&'a str>,
    /// What the scopes `profile` and `email` add.
    pub about: About,
}

/// What an ID token or `/oauth/userinfo` says about a user, as far as the scopes allow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// With the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// With the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Box<str>>,
    /// With the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

/// The claims of an ID token (OpenID Connect Core section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdClaims {
    /// Who issued it.
    pub iss: Box<str>,
    /// The user.
    pub sub: UserId,
    /// The client id.
    pub aud: Box<str>,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// The client's `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Box<str>>,
    /// When the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The left half of the access token's SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<Box<str>>,
    /// With the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// With the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Box<str>>,
    /// With the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}
