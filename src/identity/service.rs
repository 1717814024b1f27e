//! What handlers need of identity beyond the directory.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use events::LedgerId;
use tokio_util::sync::CancellationToken;

use super::{
    Identity, Pepper,
    browsers::Browsers,
    google::{self, Desk, Google},
    mail::{Mailer, Outbox, Texts},
    oauth::{
        Server,
        limits::{Limits, TokenRates},
    },
    passwords::{Cost, HashError, Passwords},
    seal::Seal,
    sweep::Sweeper,
    tokens::{KeyState, KeysError, MakeKey, TokenSettings, Tokens, VaultKeys},
    trail::Trail,
    used::LastUsed,
    users::{self, Users},
    vault::{Shelf, Vault},
};
use crate::{
    clock::{Clock, Entropy},
    engine::Commands,
};

/// How often it is seen whether another replica has revoked a signing key.
const LOOK: Duration = Duration::from_secs(1);
/// After how many looks keys are tended and what was used is written down.
const TEND_LOOKS: u32 = 60;

/// Tokens, the vault, and what is remembered of credentials, of one ledger.
pub struct Service {
    /// Issues and verifies tokens.
    pub tokens: Tokens,
    /// Keeps what is secret, personal or short-lived.
    pub shelf: Shelf,
    /// When API keys were last used.
    pub used: LastUsed,
    /// Notes who got in, and who did not.
    pub trail: Trail,
    /// Registers users and signs them in.
    pub users: Users,
    /// Signs them in with Google.
    pub google: Desk,
    /// The authorization server.
    pub oauth: Server,
    /// Browsers in which somebody is signed in.
    pub browsers: Browsers,
    ledger: LedgerId,
    identity: Identity,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

/// What a [`Service`] is made of.
pub struct ServiceParts {
    /// The ledger.
    pub ledger: LedgerId,
    /// The directory, which records what becomes of signing keys.
    pub identity: Identity,
    /// The ledger's vault.
    pub vault: Arc<dyn Vault>,
    /// Seals what the vault must not show.
    pub pepper: Pepper,
    /// What all tokens have in common.
    pub settings: TokenSettings,
    /// How often clients may ask for tokens.
    pub rates: TokenRates,
    /// Makes signing keys.
    pub make_key: MakeKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes a new source of randomness.
    pub entropy: fn() -> Box<dyn Entropy>,
    /// Opens the wallets of new users.
    pub commands: Arc<dyn Commands>,
    /// Hands mails over.
    pub mailer: Box<dyn Mailer>,
    /// What mails say.
    pub texts: Texts,
    /// The provider in Google's part, if people may sign in by one.
    pub google: Option<Google>,
    /// The page that gets one-time codes of such sign-ins, if there is one.
    pub frontend_url: Option<Box<str>>,
    /// Days for which activity is kept.
    pub activity_days: u32,
}

/// Why a [`Service`] could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The signing keys can't be read or made.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// No password can be hashed.
    #[error(transparent)]
    Passwords(#[from] HashError),
}

impl fmt::Debug for ServiceParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceParts").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Service {
    /// Opens the parts, with a first signing key if there is none, and tends them from now on until it is
    /// closed or dropped.
    ///
    /// # Errors
    /// As [`ServiceError`] says.
    pub async fn open(parts: ServiceParts) -> Result<Arc<Self>, ServiceError> {
        let ServiceParts { ledger, identity, vault, pepper, settings, make_key, clock, entropy, .. } = parts;
        let public_url = settings.issuer.clone();
        let shelf = Shelf::new(vault);
        let seal = Arc::new(Seal::new(&pepper, ledger));
        let keys = Arc::new(VaultKeys::new(shelf.clone(), seal, entropy()));
        let tokens = Tokens::open(settings, keys, make_key, entropy(), clock.now()).await?;
        let (used, stop) = (LastUsed::default(), CancellationToken::new());
        let trail = Trail::start(Arc::clone(shelf.vault()));
        let users = Users::new(users::Parts {
            identity: identity.clone(),
            commands: parts.commands,
            shelf: shelf.clone(),
            trail: trail.clone(),
            tokens: tokens.clone(),
            passwords: Passwords::new(Cost::STANDARD, entropy())?,
            outbox: Outbox::new(parts.mailer, Arc::clone(&clock), stop.clone()),
            texts: parts.texts,
            public_url,
            clock: Arc::clone(&clock),
        });
        let google = Desk::new(google::Parts {
            google: parts.google,
            identity: identity.clone(),
            users: users.clone(),
            shelf: shelf.clone(),
            trail: trail.clone(),
            frontend_url: parts.frontend_url,
            clock: Arc::clone(&clock),
        });
        let vault = Arc::clone(shelf.vault());
        let sweeper = Sweeper { vault, clock: Arc::clone(&clock), activity_days: parts.activity_days };
        tokio::spawn(sweeper.run(stop.clone()));
        let oauth = Server::new(identity.clone(), shelf.clone(), tokens.clone(), Limits::new(parts.rates));
        let browsers = Browsers::new(identity.clone(), shelf.clone());
        let service = Self {
            tokens,
            shelf,
            used,
            trail,
            users,
            google,
            oauth,
            browsers,
            ledger,
            identity,
            clock,
            stop,
        };
        let service = Arc::new(service);
        tokio::spawn(tend(Arc::downgrade(&service), service.clock.clone(), service.stop.clone()));
        Ok(service)
    }

    /// The public URL, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.tokens.settings().issuer
    }

    /// Moves signing keys on, records their states, and writes down what was used.
    pub async fn tend(&self) {
        let now = self.clock.now();
        if let Err(error) = self.tokens.tend(now).await {
            tracing::warn!(%error, "the signing keys could not be tended");
        }
        self.tell_of_keys().await;
        if let Err(error) = self.used.flush(&self.shelf, now).await {
            tracing::warn!(%error, "when keys were last used could not be written down");
        }
    }

    /// Records the states of signing keys that are no facts yet.
    pub async fn tell_of_keys(&self) {
        let mut told = Vec::new();
        for (kid, state) in self.tokens.untold() {
            match self.identity.signing_key_changed(self.ledger, &kid, state, None).await {
                Ok(()) => told.push((kid, state)),
                Err(error) => {
                    tracing::debug!(%error, "a signing key's state could not be recorded yet");
                    break;
                }
            }
        }
        if !told.is_empty()
            && let Err(error) = self.tokens.told(&told, self.clock.now()).await
        {
            tracing::warn!(%error, "a signing key's state will be recorded again");
        }
    }

    /// Whether the log says that a key is revoked which is accepted here.
    fn has_missed_a_revocation(&self) -> bool {
        let revoked = |kid: &str| self.identity.signing_key_state(kid) == Some(KeyState::Revoked);
        self.tokens.keys().iter().any(|key| key.state != KeyState::Revoked && revoked(&key.kid))
    }

    /// Writes down what is in memory, and closes the vault.
    pub async fn close(&self) {
        self.users.finish().await;
        self.stop.cancel();
        self.trail.close().await;
        if let Err(error) = self.used.flush(&self.shelf, self.clock.now()).await {
            tracing::warn!(%error, "when keys were last used could not be written down");
        }
        self.shelf.vault().close().await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

async fn tend(service: Weak<Service>, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let tending = async {
        for look in 0_u32.. {
            let Some(service) = service.upgrade() else { return };
            if look % TEND_LOOKS == 0 || service.has_missed_a_revocation() {
                service.tend().await;
            }
            drop(service);
            let next = clock.now().plus_micros(i64::try_from(LOOK.as_micros()).unwrap_or(i64::MAX));
            while clock.now() < next {
                clock.sleep_until(next).await;
            }
        }
    };
    let _ = stop.run_until_cancelled(tending).await;
}
