//! The authorization server at work: it authenticates clients, issues tokens, and takes them back.

mod codes;
mod inspecting;
mod issuing;
mod refreshing;
mod revoking;

pub use codes::Agreed;
pub use inspecting::{Inspected, Introspection, UserInfo};
pub use issuing::{Granted, allowed};

use std::{fmt, time::Duration};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use events::{AppId, Time, UserId, Verifier};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    ErrorCode, OauthError,
    credentials::Credentials,
    limits::Limits,
    token::{Grant, TokenRequest},
};
use crate::clock::sixteen;
use crate::identity::{
    Client, Identity, IdentityError, User,
    tokens::Tokens,
    users,
    vault::{Shelf, VaultError},
};

/// Everything that the endpoints need. Clones share it.
#[derive(Clone)]
pub struct Server {
    identity: Identity,
    shelf: Shelf,
    tokens: Tokens,
    limits: std::sync::Arc<Limits>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

impl Server {
    /// A server over these parts.
    #[must_use]
    pub fn new(identity: Identity, shelf: Shelf, tokens: Tokens, limits: Limits) -> Self {
        Self { identity, shelf, tokens, limits: limits.into() }
    }

    /// The client that these credentials belong to. What is wrong with them, and whether there is such
    /// a client, is not told.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidClient`].
    pub fn authenticate(&self, credentials: &Credentials, now: Time) -> Result<Client, OauthError> {
        let client = self.identity.client_by_id(&credentials.client_id);
        let client = client.filter(|client| !client.disabled).ok_or_else(OauthError::client)?;
        let proved = match &credentials.secret {
            Some(secret) => client.confidential && self.identity.accepts_secret(client.app, secret, now),
            None => !client.confidential,
        };
        if proved { Ok(client) } else { Err(OauthError::client()) }
    }

    /// Answers the token endpoint.
    ///
    /// # Errors
    /// As RFC 6749 section 5.2 says.
    pub async fn token(
        &self,
        client: &Client,
        request: TokenRequest,
        now: Time,
    ) -> Result<Granted, OauthError> {
        if !client.grants.iter().any(|grant| **grant == *request.kind().as_str()) {
            let description = "the client may not use this grant";
            return Err(OauthError::new(ErrorCode::UnauthorizedClient, description));
        }
        match &request.grant {
            Grant::ClientCredentials => self.service(client, &request, now),
            Grant::Code { code, redirect_uri, verifier } => {
                let proof = codes::Proof { code, redirect_uri, verifier };
                self.redeem(client, &proof, &request, now).await
            }
            Grant::Refresh { token } => self.refresh(client, token, &request, now).await,
        }
    }

    /// Whether a client may ask for another token at this moment, in the time of
    /// [`crate::clock::Clock::monotonic`].
    #[must_use]
    pub fn admits(&self, client: AppId, scope: Option<&str>, now: Duration) -> bool {
        self.limits.admit(client, scope, now)
    }

    /// The user, when it may act at all.
    fn user(&self, user: UserId) -> Option<User> {
        self.identity.user(user).filter(|user| !user.disabled)
    }

    fn random_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(sixteen(&mut **self.identity.shared.entropy())).into_uuid()
    }

    fn random_secret(&self) -> Zeroizing<[u8; 32]> {
        let mut secret = Zeroizing::new([0; 32]);
        self.identity.shared.entropy().fill(&mut *secret);
        secret
    }

    /// The keyed hash by which the secret of a handle is recognized.
    fn verifier(&self, purpose: &str, id: Uuid, secret: &[u8; 32]) -> Verifier {
        Verifier(self.identity.shared.pepper.code(purpose, &[id.as_bytes(), secret]))
    }
}

/// Whether two hashes are the same; takes as long for a near miss as for a far one.
fn same(one: &Verifier, other: &Verifier) -> bool {
    verify_slices_are_equal(&one.0, &other.0).is_ok()
}

impl From<VaultError> for OauthError {
    fn from(error: VaultError) -> Self {
        tracing::warn!(%error, "the identity database failed an OAuth request");
        match error {
            VaultError::Conflict | VaultError::Unavailable(_) => Self::unavailable(),
            VaultError::Corrupt { .. } => Self::server(),
        }
    }
}

impl From<IdentityError> for OauthError {
    fn from(error: IdentityError) -> Self {
        tracing::warn!(%error, "a fact of an OAuth request could not be recorded");
        Self::unavailable()
    }
}
