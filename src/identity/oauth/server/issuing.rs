//! Tokens and the answers that carry them.

use events::{SessionId, Time, TokenId, UserRole};
use serde::Serialize;

use super::{Client, OauthError, Server, User, users};
use crate::identity::{
    Scope, Scopes, leading,
    oauth::{
        ErrorCode, selection,
        token::{TokenRequest, audiences},
    },
    role_scopes,
    tokens::{About, AccessGrant, Claims, IdGrant, Whose},
};

/// What a token request is answered with (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).
#[derive(Clone, Serialize)]
pub struct Granted {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// For how many seconds.
    pub expires_in: u64,
    /// What it allows, between spaces.
    pub scope: String,
    /// With what to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who signed in, with the scope `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Granted").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// What a user's tokens are issued for.
pub(super) struct Sight<'a> {
    pub(super) user: User,
    pub(super) session: Option<SessionId>,
    pub(super) auth_time: i64,
    pub(super) scopes: Scopes,
    pub(super) audiences: Vec<Box<str>>,
    /// The web origin of the page that asked.
    pub(super) domain: Option<Box<str>>,
    pub(super) nonce: Option<&'a str>,
    /// The access token that is to be given again, and the second until which it is good.
    pub(super) again: Option<(TokenId, i64)>,
}

impl Server {
    /// A token of the client's own.
    pub(super) fn service(
        &self,
        client: &Client,
        request: &TokenRequest,
        now: Time,
    ) -> Result<Granted, OauthError> {
        if !client.confidential {
            let description = "a client without a secret has no token of its own";
            return Err(OauthError::new(ErrorCode::UnauthorizedClient, description));
        }
        let own = client.scopes.iter().filter(|scope| !scope.is_oidc()).collect();
        let scopes = selection::select(request.scope.as_deref(), own)?;
        let grant = AccessGrant {
            whose: Whose::Service,
            org: client.org,
            client_id: client.client_id.clone(),
            app: Some(client.app),
            scopes,
            audience: audiences(&request.resources, &self.audiences(client))?,
            domain: None,
        };
        let (token, claims) = self.tokens.issue_access(&grant, now).map_err(no_key)?;
        Ok(Granted::of(token, &claims))
    }

    /// Tokens for a user, without a refresh token, for what the client may still ask for of what was agreed
    /// to: [`ErrorCode::InvalidGrant`] when nothing of that is left.
    pub(super) async fn issue(
        &self,
        client: &Client,
        sight: Sight<'_>,
        now: Time,
    ) -> Result<(Granted, Claims), OauthError> {
        let Sight { user, session, auth_time, scopes, audiences, domain, nonce, again } = sight;
        let left = selection::within(scopes, client.scopes);
        if left.is_empty() && !scopes.is_empty() {
            return Err(OauthError::grant());
        }
        let scopes = selection::within(left, allowed(client, &user));
        let grant = AccessGrant {
            whose: Whose::User {
                user: user.id,
                session,
                roles: user.roles.clone(),
                auth_time: Some(auth_time),
            },
            org: user.org,
            client_id: client.client_id.clone(),
            app: Some(client.app),
            scopes,
            audience: audiences,
            domain,
        };
        let issued = match again {
            None => self.tokens.issue_access(&grant, now),
            Some(before) => self.tokens.issue_access_again(&grant, before),
        };
        let (token, claims) = issued.map_err(no_key)?;
        let mut granted = Granted::of(token, &claims);
        if scopes.contains(Scope::Openid) {
            let id = IdGrant {
                client_id: &client.client_id,
                user: user.id,
                nonce,
                auth_time: Some(auth_time),
                session,
                access_token: Some(&granted.access_token),
                about: self.about(&user, scopes, now).await?,
            };
            granted.id_token = Some(self.tokens.issue_id(&id, now).map_err(no_key)?);
        }
        Ok((granted, claims))
    }

    /// What these scopes allow to be told about a user.
    pub(super) async fn about(&self, user: &User, scopes: Scopes, now: Time) -> Result<About, OauthError> {
        let (name, email) = (scopes.contains(Scope::Profile), scopes.contains(Scope::Email));
        if !name && !email {
            return Ok(About::default());
        }
        let profile = users::profile(&self.shelf, user.id, now).await?;
        let Some(profile) = profile else { return Ok(About::default()) };
        Ok(About {
            name: profile.name.filter(|_| name),
            email: Some(profile.email).filter(|_| email),
            email_verified: Some(user.verified).filter(|_| email),
        })
    }

    /// Whom a client's tokens may be for: the ledger, and what the client has beside it.
    #[must_use]
    pub fn audiences(&self, client: &Client) -> Vec<Box<str>> {
        let own = self.tokens.settings().audience.clone();
        let others = client.audiences.iter().filter(|audience| **audience != own).cloned();
        std::iter::once(own.clone()).chain(others).collect()
    }
}

/// The most that a client may have of a user. Through an app of others everybody is a customer: who lets an
/// app spend does not let it administer.
#[must_use]
pub fn allowed(client: &Client, user: &User) -> Scopes {
    role_scopes(if client.first_party { leading(&user.roles) } else { UserRole::Customer })
}

impl Granted {
    fn of(access_token: String, claims: &Claims) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: u64::try_from(claims.exp - claims.iat).unwrap_or_default(),
            scope: claims.scope.to_string(),
            refresh_token: None,
            id_token: None,
        }
    }
}

fn no_key(fault: crate::identity::tokens::TokenFault) -> OauthError {
    tracing::error!(%fault, "no token could be signed");
    OauthError::server()
}
