//! Signing in by the provider, from the first redirect to a session.

use std::{fmt, sync::Arc};

use events::{AppId, OrgId, Time, UserId};

use super::{Google, GoogleError};
use crate::{
    clock::Clock,
    identity::{
        Client, DEFAULT_ORGANIZATION, Identity, IdentityError,
        throttle::{Limit, Policy, Throttled},
        trail::{Trail, alarm},
        users::{Origin, UserError, Users},
        vault::{Activity, ActivityKind, Outcome, Shelf, VaultError},
    },
};

/// Sign-ins begun, completed and refused.
pub const SIGN_INS_TOTAL: &str = "credit_ledger_google_sign_ins_total";
/// Verification codes presented, by outcome.
pub const VERIFICATIONS_TOTAL: &str = "credit_ledger_session_verifications_total";

/// Sign-ins begun from one address, and states made up there: 60, then one every second or more.
const BEGINNINGS: Policy = Policy {
    free: 60,
    first: std::time::Duration::from_secs(1),
    longest: std::time::Duration::from_secs(60),
    forgotten: std::time::Duration::from_secs(600),
};

/// What sign-ins with the provider work with.
pub struct Parts {
    /// The provider; nobody signs in by it, when there is none.
    pub google: Option<Google>,
    /// Who there is.
    pub identity: Identity,
    /// Their accounts.
    pub users: Users,
    /// Where states and codes are kept.
    pub shelf: Shelf,
    /// Where it is noted what happens.
    pub trail: Trail,
    /// The page that gets one-time codes, if there is one.
    pub frontend_url: Option<Box<str>>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Signs people in by the provider. Clones share it.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

struct Shared {
    parts: Parts,
    beginnings: Limit,
    returns: Limit,
    guesses: Limit,
}

/// Why a sign-in does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No provider is configured.
    #[error("signing in with Google is not set up here")]
    NotSetUp,
    /// `return_to` is no registered key.
    #[error("`return_to` is the key of no app")]
    UnknownKey,
    /// No page is configured that could take a code.
    #[error("no page is set up that takes signed-in users: say `session` to be shown a code")]
    NoFrontEnd,
    /// `code_challenge` is none.
    #[error("`code_challenge` must be the base64url of a SHA-256 (S256)")]
    BadChallenge,
    /// Too many were begun from there, or too many codes were guessed.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The state is unknown, used, too old, or another browser's.
    #[error("the sign-in was not begun in this browser, or too long ago")]
    UnknownState,
    /// It came back from another address or browser than it left from.
    #[error("the sign-in came back from elsewhere than it left from")]
    Elsewhere,
    /// The user did not agree, or the provider said that something was wrong.
    #[error("the provider did not sign anybody in")]
    Declined,
    /// What the provider said cannot be believed, or it did not say anything.
    #[error(transparent)]
    Provider(#[from] GoogleError),
    /// A confirmed account has this address already, and the provider is not the one to say whose the
    /// address is.
    #[error("an account with this e-mail address exists: sign in with its password")]
    AddressTaken,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The app is of another organization than the account.
    #[error("the app is not for this account")]
    OtherOrganization,
    /// The code is none, was used, is too old or revoked.
    #[error("the code is not valid")]
    InvalidCode,
    /// Rows can't be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Facts can't be recorded.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Accounts can't be used.
    #[error(transparent)]
    Users(#[from] UserError),
}

impl Desk {
    /// Signs people in with these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        metrics::describe_counter!(SIGN_INS_TOTAL, "Sign-ins with the provider, by step");
        metrics::describe_counter!(VERIFICATIONS_TOTAL, "Verification codes presented, by outcome");
        let [beginnings, returns] = [BEGINNINGS; 2].map(Limit::new);
        Self(Arc::new(Shared { parts, beginnings, returns, guesses: Limit::new(Limit::GUESSES) }))
    }

    /// Whether a provider is configured.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.parts().google.is_some()
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(super) fn google(&self) -> Result<&Google, SignInError> {
        self.parts().google.as_ref().ok_or(SignInError::NotSetUp)
    }

    pub(super) fn beginnings(&self) -> &Limit {
        &self.0.beginnings
    }

    /// Those who came back with a state that is none.
    pub(super) fn returns(&self) -> &Limit {
        &self.0.returns
    }

    pub(super) fn guesses(&self) -> &Limit {
        &self.0.guesses
    }

    pub(super) fn now(&self) -> Time {
        self.parts().clock.now()
    }

    /// The app with this key: its client id, or a key that one client alone has registered.
    pub(super) fn app_of(&self, key: &str) -> Option<Client> {
        let identity = &self.parts().identity;
        let live = |client: &Client| !client.disabled;
        if let Some(client) = identity.client_by_id(key) {
            return Some(client).filter(live);
        }
        let apps = identity.organizations().into_iter().flat_map(|org| identity.apps(org.id));
        let clients = apps.filter_map(|app| identity.client(app.id)).filter(live);
        let mut found = clients.filter(|client| client.return_to.contains_key(key));
        let only = found.next()?;
        // Of two that claim the same key, neither has it.
        found.next().is_none().then_some(only)
    }

    /// Where things belong that belong to no app.
    pub(super) fn org_of(&self, app: Option<AppId>) -> Option<OrgId> {
        let identity = &self.parts().identity;
        match app {
            Some(app) => identity.app(app).map(|app| app.org),
            None => identity.organization_by_name(DEFAULT_ORGANIZATION).map(|org| org.id),
        }
    }

    /// Notes what happened.
    pub(super) fn note(
        &self,
        (kind, outcome, detail): (ActivityKind, Outcome, &str),
        (user, app): (Option<UserId>, Option<AppId>),
        origin: &Origin,
    ) {
        let of_user = user.and_then(|user| self.parts().identity.user(user)).map(|user| user.org);
        let Some(org) = of_user.or_else(|| self.org_of(app)).or_else(|| self.org_of(None)) else { return };
        let activity = Activity::new(kind, outcome, org, self.now()).detailed(detail);
        let mut activity = activity.from(Some(origin.address), Some(&origin.agent));
        (activity.user, activity.app) = (user.map(|user| user.0), app);
        self.parts().trail.note(activity);
    }

    /// Raises an alarm: a line in the log, a figure, and a row for administrators.
    pub(super) fn alert(&self, kind: &'static str, app: Option<AppId>, origin: &Origin) {
        alarm(kind, Some(origin.address));
        self.note((ActivityKind::SecurityAlert, Outcome::Refused, kind), (None, app), origin);
    }

    pub(super) fn count(step: &'static str) {
        metrics::counter!(SIGN_INS_TOTAL, "step" => step).increment(1);
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("google", &self.parts().google).finish_non_exhaustive()
    }
}
