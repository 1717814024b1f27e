//! Users: people who register, sign in and sign out, and what they told about themselves.
//!
//! Nothing here tells whether an address has an account: what does is done after the answer, and mailed
//! to the address itself.

mod account;
mod admin;
mod confirm;
mod error;
mod kept;
mod letters;
mod links;
mod login;
mod password;
mod proven;
mod register;
mod sessions;

pub use account::Account;
pub use admin::UserPage;
pub use confirm::Confirmed;
pub use error::UserError;
pub use kept::{EmailOwner, MailedLink, PasswordHash, Profile, Purpose, Session};
pub use login::{Login, shown_roles};
pub use proven::Proven;
pub use register::Registration;
pub use sessions::{Listed, Lives};

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use events::{OrgId, Time, UserId};
use tokio_util::task::TaskTracker;

use self::letters::Letters;
use super::{
    Identity, User,
    mail::{EmailAddress, Letter, Outbox, Texts},
    passwords::Passwords,
    throttle::{Limit, Policy, Throttle},
    tokens::Tokens,
    trail::Trail,
    vault::{Activity, ActivityKind, Outcome, Shelf, Stored, VaultError},
};
use crate::{clock::Clock, engine::Commands};

/// The client that a login at the ledger itself is; no app may have the name.
pub const FIRST_PARTY: &str = "credit-ledger";

/// Registrations, and mails asked for, from one address: 20, then one every few seconds.
const MAILS: Policy = Policy {
    free: 20,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(300),
    forgotten: Duration::from_secs(3_600),
};

/// How long a stop waits for what goes on after answers.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// What users are made of.
pub struct Parts {
    /// The directory.
    pub identity: Identity,
    /// Opens wallets.
    pub commands: Arc<dyn Commands>,
    /// Their rows.
    pub shelf: Shelf,
    /// Where it is noted what they do.
    pub trail: Trail,
    /// Their tokens.
    pub tokens: Tokens,
    /// Their passwords.
    pub passwords: Passwords,
    /// Where mails to them go.
    pub outbox: Outbox,
    /// What these say.
    pub texts: Texts,
    /// The address of this service, without a slash at its end.
    pub public_url: Box<str>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Registers users and signs them in. Clones share it.
#[derive(Clone)]
pub struct Users {
    shared: Arc<Shared>,
}

struct Shared {
    parts: Parts,
    throttle: Throttle,
    /// By whom mails are asked for.
    mails: Limit,
    /// To whom they go.
    letters: Letters,
    /// What goes on after an answer.
    later: TaskTracker,
}

/// Who asks, as far as the network says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// From which address.
    pub address: IpAddr,
    /// With which user agent.
    pub agent: Box<str>,
}

impl Users {
    /// Users of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let shared = Shared {
            parts,
            throttle: Throttle::default(),
            mails: Limit::new(MAILS),
            letters: Letters::default(),
            later: TaskTracker::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Waits until all is done that goes on after an answer, and mails are handed over.
    pub async fn settled(&self) {
        self.shared.later.close();
        self.shared.later.wait().await;
        self.shared.later.reopen();
        self.parts().outbox.drained().await;
    }

    /// The same, for a stop in good order: a mail server that does not answer is not waited for.
    pub async fn finish(&self) {
        if tokio::time::timeout(FINISH_MAX, self.settled()).await.is_err() {
            tracing::warn!("registrations or mails under way were not waited for");
        }
    }

    /// Whose this address is, if anybody's.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn by_email(&self, email: &EmailAddress) -> Result<Option<UserId>, VaultError> {
        let owner = self.shelf().get::<EmailOwner>(&self.email_id(email), self.now()).await?;
        Ok(owner.map(|owner| owner.value.user))
    }

    fn parts(&self) -> &Parts {
        &self.shared.parts
    }

    fn identity(&self) -> &Identity {
        &self.parts().identity
    }

    fn shelf(&self) -> &Shelf {
        &self.parts().shelf
    }

    fn now(&self) -> Time {
        self.parts().clock.now()
    }

    /// The id of the row that says whose an address is.
    fn email_id(&self, email: &EmailAddress) -> Box<str> {
        let code = self.identity().shared.pepper.code("e-mail", &[email.as_str().as_bytes()]);
        let mut id = String::with_capacity(64);
        for byte in code {
            id.push(char::from(HEX[usize::from(byte >> 4)]));
            id.push(char::from(HEX[usize::from(byte & 15)]));
        }
        id.into()
    }

    /// Does this after the answer, which must not tell by its time how much there was to do.
    fn later(&self, what: &'static str, work: impl Future<Output = Result<(), UserError>> + Send + 'static) {
        self.shared.later.spawn(async move {
            if let Err(error) = work.await {
                tracing::warn!(%error, "{what} could not be finished");
            }
        });
    }

    fn mail(&self, letter: Letter<'_>, to: EmailAddress) -> Result<(), UserError> {
        let mail = self.parts().texts.write(letter, to, self.identity().random_id(), self.now());
        self.parts().outbox.post(mail).map_err(|_| UserError::Busy)
    }

    fn page(&self, path: &str) -> String {
        format!("{}{path}", self.parts().public_url)
    }

    /// Notes what somebody did or tried.
    fn note(
        &self,
        kind: ActivityKind,
        outcome: Outcome,
        who: (OrgId, Option<UserId>),
        origin: &Origin,
        detail: Option<&str>,
    ) {
        let mut activity = Activity::new(kind, outcome, who.0, self.now())
            .from(Some(origin.address), Some(&origin.agent).map(|agent| &**agent));
        activity.user = who.1.map(|user| user.0);
        activity.detail = detail.map(Into::into);
        self.parts().trail.note(activity);
    }

    /// The user, when there is one.
    fn known(&self, user: UserId) -> Result<User, UserError> {
        self.identity().user(user).ok_or(UserError::NotFound)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What a user told about itself.
///
/// # Errors
/// [`VaultError`].
pub async fn profile(shelf: &Shelf, user: UserId, now: Time) -> Result<Option<Profile>, VaultError> {
    Ok(stored_profile(shelf, user, now).await?.map(|stored| stored.value))
}

async fn stored_profile(
    shelf: &Shelf,
    user: UserId,
    now: Time,
) -> Result<Option<Stored<Profile>>, VaultError> {
    shelf.get::<Profile>(&user.to_string(), now).await
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("later", &self.shared.later.len()).finish_non_exhaustive()
    }
}
