//! Codes: made when a user agrees, redeemed once.

use events::{FamilyId, SessionId, Time, UserId};
use zeroize::Zeroizing;

use super::{
    Client, OauthError, Server,
    issuing::{Granted, Sight},
    same,
};
use crate::identity::{
    Scope, Scopes,
    oauth::{
        code::{self, Code, Spent},
        handle,
        pkce::Challenge,
        redirect,
        token::{GrantType, TokenRequest, audiences},
    },
    tokens::Claims,
    trail::alarm,
    vault::{Change, Draft, Stored, VaultError},
};

const PURPOSE: &str = "authorization code";

/// What a user agreed to, and for whom.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// The user.
    pub user: UserId,
    /// The session in the browser.
    pub session: SessionId,
    /// Since when somebody is signed in.
    pub since: Time,
    /// What the app may do.
    pub scopes: Scopes,
    /// Where the code is sent.
    pub redirect_uri: Box<str>,
    /// By what its redeemer is recognized.
    pub challenge: Challenge,
    /// For the ID token.
    pub nonce: Option<Box<str>>,
    /// The resources that were named.
    pub resources: Vec<Box<str>>,
}

/// What a client presents to redeem a code.
pub(super) struct Proof<'a> {
    pub(super) code: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: &'a str,
}

impl Server {
    /// Makes a code for what a user agreed to.
    ///
    /// # Errors
    /// [`super::ErrorCode::InvalidTarget`], or that the vault cannot be asked.
    pub async fn code(
        &self,
        client: &Client,
        agreed: Agreed,
        now: Time,
    ) -> Result<Zeroizing<String>, OauthError> {
        let audiences = audiences(&agreed.resources, &self.audiences(client))?;
        let (id, secret) = (self.random_id(), self.random_secret());
        let code = Code {
            verifier: self.verifier(PURPOSE, id, &secret),
            app: client.app,
            redirect_uri: agreed.redirect_uri,
            challenge: agreed.challenge,
            user: agreed.user,
            session: agreed.session,
            auth_time: agreed.since.micros().div_euclid(1_000_000),
            scope: agreed.scopes.spaced().into(),
            nonce: agreed.nonce,
            made: now,
            audiences,
            spent: None,
        };
        let expires = Some(code::later(now, code::LIFETIME_S));
        let row = id.simple().to_string();
        self.shelf.insert(&row, Some(agreed.user.0), expires, &code, now).await?;
        Ok(handle::text(handle::CODE, id, &secret))
    }

    /// Redeems a code, once. A second time, everything that came of it ends.
    pub(super) async fn redeem(
        &self,
        client: &Client,
        proof: &Proof<'_>,
        request: &TokenRequest,
        now: Time,
    ) -> Result<Granted, OauthError> {
        let (id, secret) = handle::parse(handle::CODE, proof.code).ok_or_else(OauthError::grant)?;
        let row = id.simple().to_string();
        let stored = self.shelf.get::<Code>(&row, now).await?.ok_or_else(OauthError::grant)?;
        let known = same(&stored.value.verifier, &self.verifier(PURPOSE, id, &secret));
        if !known {
            return Err(OauthError::grant());
        }
        self.redeemed(client, stored, proof, request, now).await.map_err(OauthError::of_genuine)
    }

    async fn redeemed(
        &self,
        client: &Client,
        stored: Stored<Code>,
        proof: &Proof<'_>,
        request: &TokenRequest,
        now: Time,
    ) -> Result<Granted, OauthError> {
        let (row, code) = (stored.id.clone(), &stored.value);
        if !code.belongs_to(client.app, proof.redirect_uri, proof.verifier) {
            return Err(OauthError::grant());
        }
        if let Some(spent) = &code.spent {
            return Err(self.came_twice(code, spent, now).await);
        }
        let sight = self.sight(client, code, request)?;
        let (mut granted, claims) = self.issue(client, sight, now).await?;
        let family = self.family(client, code, &claims, now);
        match self.spend(stored, &claims, family.as_ref(), now).await {
            Ok(()) => {}
            // Whoever was faster has the tokens, and should not keep them.
            Err(VaultError::Conflict) => {
                let stored = self.shelf.get::<Code>(&row, now).await?.ok_or_else(OauthError::grant)?;
                let spent = stored.value.spent.as_ref().ok_or_else(OauthError::grant)?;
                return Err(self.came_twice(&stored.value, spent, now).await);
            }
            Err(error) => return Err(error.into()),
        }
        granted.refresh_token =
            family.map(|(id, family)| family.token(id.0, &self.identity.shared.pepper).to_string());
        Ok(granted)
    }

    fn sight<'a>(
        &self,
        client: &Client,
        code: &'a Code,
        request: &TokenRequest,
    ) -> Result<Sight<'a>, OauthError> {
        let scopes = Scopes::known(&code.scope);
        let user =
            self.present(code.user, client, Some(code.session), code.made).ok_or_else(OauthError::grant)?;
        Ok(Sight {
            user,
            session: Some(code.session).filter(|_| !scopes.contains(Scope::OfflineAccess)),
            auth_time: code.auth_time,
            scopes,
            audiences: audiences(&request.resources, &code.audiences)?,
            domain: client.origins.iter().find(|origin| redirect::is_of(&code.redirect_uri, origin)).cloned(),
            nonce: code.nonce.as_deref(),
            again: None,
        })
    }

    /// Marks a code as spent and begins its family of refresh tokens, both or neither.
    async fn spend(
        &self,
        mut stored: Stored<Code>,
        claims: &Claims,
        family: Option<&(FamilyId, crate::identity::oauth::refresh::Family)>,
        now: Time,
    ) -> Result<(), VaultError> {
        let family_id = family.map(|(id, _)| id.0);
        stored.value.spent = Some(Spent { token: claims.jti, until: claims.exp, family: family_id });
        stored.expires = Some(code::later(now, code::REMEMBERED_S));
        let mut changes = vec![stored.replaced()];
        if let Some((id, family)) = family {
            let row = id.0.simple().to_string();
            let owner = Some(family.user.0);
            changes.push(Change::Insert(Draft::of(row, owner, Some(family.expires()), family)));
        }
        self.shelf.commit(changes, now).await
    }

    fn family(
        &self,
        client: &Client,
        code: &Code,
        claims: &Claims,
        now: Time,
    ) -> Option<(FamilyId, crate::identity::oauth::refresh::Family)> {
        let refreshes = GrantType::RefreshToken.as_str();
        client.grants.iter().any(|grant| **grant == *refreshes).then(|| self.begin(code, claims, now))
    }

    /// A spent code came again: whoever has it may have its tokens too.
    async fn came_twice(&self, code: &Code, spent: &Spent, now: Time) -> OauthError {
        tracing::warn!(app = %code.app, "an authorization code came twice: its tokens end");
        alarm("code_replayed", None);
        let until = Time::from_micros(spent.until.saturating_mul(1_000_000));
        let user = Some(code.user);
        let token = spent.token;
        let revoked = self.identity.revoke_token(token, code.app, user, until, None).await;
        if let Err(error) = revoked {
            return error.into();
        }
        match spent.family {
            None => OauthError::grant(),
            Some(family) => match self.end_family(FamilyId(family), now).await {
                Ok(()) => OauthError::grant(),
                Err(error) => error,
            },
        }
    }
}
