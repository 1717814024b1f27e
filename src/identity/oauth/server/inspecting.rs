//! Saying what a token is worth (RFC 7662), and who its bearer is (OpenID Connect Core section 5.3).

use events::{OrgId, Time, TokenId, UserId};
use serde::Serialize;
use uuid::Uuid;

use super::{Client, ErrorCode, OauthError, Server};
use crate::identity::{
    Denial, Scope, Scopes,
    oauth::{
        refresh::{Family, Presented, Worth},
        selection,
    },
    tokens::{About, Claims, PrincipalType},
};

/// What is told about a token; of one that is not active, nothing else.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Introspection {
    /// Whether it counts at this moment.
    pub active: bool,
    /// The rest.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub about: Option<Inspected>,
}

/// What is told about a token that counts.
#[derive(Debug, Clone, Serialize)]
pub struct Inspected {
    /// What it allows, between spaces.
    pub scope: Box<str>,
    /// The client that has it.
    pub client_id: Box<str>,
    /// `Bearer`, or `refresh_token`.
    pub token_type: &'static str,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Whose it is.
    pub sub: Box<str>,
    /// Who is to accept it.
    pub aud: Vec<Box<str>>,
    /// Who issued it.
    pub iss: Box<str>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<TokenId>,
    /// The organization.
    pub org_id: OrgId,
    /// Whether a user's or a service's.
    pub principal_type: PrincipalType,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
}

/// Who the bearer of a token is.
#[derive(Debug, Clone, Serialize)]
pub struct UserInfo {
    /// The user.
    pub sub: Uuid,
    /// What else the scopes allow.
    #[serde(flatten)]
    pub about: About,
}

impl Server {
    /// What a token is worth to this client: the client's own, or one of its organization's that it is
    /// shown. To a public client, whom anybody may claim to be, none is worth anything.
    ///
    /// # Errors
    /// That the vault cannot be asked.
    pub async fn introspect(
        &self,
        client: &Client,
        token: &str,
        now: Time,
    ) -> Result<Introspection, OauthError> {
        let about = match Presented::parse(token) {
            Some(presented) => self.inspect_refresh(client, &presented, now).await?,
            None => self.inspect_access(client, token, now),
        };
        Ok(Introspection { active: about.is_some(), about })
    }

    fn inspect_access(&self, client: &Client, token: &str, now: Time) -> Option<Inspected> {
        let claims = self.identity.as_now(self.tokens.verify_issued(token, now).ok()?);
        let visible = claims.org_id == client.org;
        (visible && !self.is_denied(&claims)).then(|| Inspected {
            scope: claims.scope.clone(),
            client_id: claims.client_id.clone(),
            token_type: "Bearer",
            exp: claims.exp,
            iat: claims.iat,
            sub: claims.sub.clone(),
            aud: claims.aud.clone(),
            iss: claims.iss.clone(),
            jti: Some(claims.jti),
            org_id: claims.org_id,
            principal_type: claims.principal_type,
            sid: claims.sid.map(|session| session.0),
        })
    }

    async fn inspect_refresh(
        &self,
        client: &Client,
        presented: &Presented,
        now: Time,
    ) -> Result<Option<Inspected>, OauthError> {
        let row = presented.id.simple().to_string();
        let Some(stored) = self.shelf.get::<Family>(&row, now).await? else { return Ok(None) };
        let family = &stored.value;
        if self.has_ended(family.session, now).await? {
            return Ok(None);
        }
        let counts = family.worth(presented, &self.identity.shared.pepper, now) == Worth::Current;
        let user = self.present(family.user, client, family.session, family.began);
        let Some(user) = user.filter(|_| counts && family.app == client.app) else { return Ok(None) };
        Ok(Some(Inspected {
            scope: selection::within(Scopes::known(&family.scope), client.scopes).spaced().into(),
            client_id: client.client_id.clone(),
            token_type: "refresh_token",
            exp: family.expires().micros().div_euclid(1_000_000),
            iat: family.chain.rotated.micros().div_euclid(1_000_000),
            sub: user.id.to_string().into(),
            aud: family.audiences.clone(),
            iss: self.tokens.settings().issuer.clone(),
            jti: None,
            org_id: user.org,
            principal_type: PrincipalType::User,
            sid: family.session.map(|session| session.0),
        }))
    }

    /// Whether the directory takes a token back that its signature and its time would allow.
    #[must_use]
    pub fn is_denied(&self, claims: &Claims) -> bool {
        let user = claims.user();
        let gone = |user: UserId| self.user(user).is_none();
        user.is_some_and(gone) || self.identity.denied(&Denial::of(claims))
    }

    /// Who the bearer of an access token is.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidToken`] or, without the scope `openid`, [`ErrorCode::InsufficientScope`].
    pub async fn userinfo(&self, token: &str, now: Time) -> Result<UserInfo, OauthError> {
        let invalid = |description| OauthError::new(ErrorCode::InvalidToken, description);
        let claims = self.tokens.verify_access(token, now).map_err(|fault| invalid(fault.to_string()))?;
        let user = claims.user().ok_or_else(|| invalid("it is a service's token".to_owned()))?;
        if self.is_denied(&claims) {
            return Err(invalid("the token has been revoked".to_owned()));
        }
        let user = self.user(user).ok_or_else(|| invalid("the token has been revoked".to_owned()))?;
        let scopes = self.identity.scopes_now(&claims);
        if !scopes.contains(Scope::Openid) {
            return Err(OauthError::new(ErrorCode::InsufficientScope, "it needs the scope openid"));
        }
        Ok(UserInfo { sub: user.id.0, about: self.about(&user, scopes, now).await? })
    }
}
