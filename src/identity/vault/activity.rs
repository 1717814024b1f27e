//! What people and apps did to get in: sign-ins, failures, tokens. It is kept for a while, then forgotten.

use std::{net::IpAddr, ops::Range};

use events::{AppId, OrgId, Time};
use uuid::Uuid;

/// The most characters that are kept of a user agent.
pub const MAX_AGENT_CHARS: usize = 256;

macro_rules! activity_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What was done. Its text is in the database and in answers: it never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ActivityKind {
            $($(#[$doc])* $name,)+
        }

        impl ActivityKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The kind with this name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
            }
        }
    };
}

activity_kinds! {
    /// Somebody signed up.
    Registration = "registration",
    /// Somebody proved to own an e-mail address.
    EmailVerification = "email_verification",
    /// Somebody signed in, or tried to.
    SignIn = "sign_in",
    /// Somebody signed out.
    SignOut = "sign_out",
    /// Somebody changed a password, or tried to.
    PasswordChange = "password_change",
    /// Somebody asked for a new password, or set one by mail.
    PasswordReset = "password_reset",
    /// A session was ended by its user or an administrator.
    SessionRevocation = "session_revocation",
    /// A verification code was presented.
    SessionVerification = "session_verification",
    /// A user let an app in.
    AccessGrant = "access_grant",
    /// A user, or an administrator, took an app's access away.
    AccessRevocation = "access_revocation",
    /// An access token was issued, or refused.
    Token = "token",
    /// Tokens were refreshed, or refused.
    Refresh = "refresh",
    /// A token was revoked.
    TokenRevocation = "token_revocation",
    /// An administrator changed a user: roles, disabled, enabled.
    Administration = "administration",
    /// Something that looks like an attack.
    SecurityAlert = "security_alert",
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Done, Self::Refused].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// Something that was done or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// What.
    pub kind: ActivityKind,
    /// When.
    pub time: Time,
    /// In which organization.
    pub org: OrgId,
    /// By which user, if one is known.
    pub user: Option<Uuid>,
    /// Through which app, if through one.
    pub app: Option<AppId>,
    /// From which address.
    pub address: Option<IpAddr>,
    /// With which user agent, as it said: up to [`MAX_AGENT_CHARS`] of it are kept.
    pub agent: Option<Box<str>>,
    /// How it ended.
    pub outcome: Outcome,
    /// A word on it, such as why it was refused. Never a secret, never an e-mail address.
    pub detail: Option<Box<str>>,
}

impl Activity {
    /// Something that was done, with what is always known of it.
    #[must_use]
    pub const fn new(kind: ActivityKind, outcome: Outcome, org: OrgId, time: Time) -> Self {
        Self { kind, time, org, user: None, app: None, address: None, agent: None, outcome, detail: None }
    }

    /// The same with a word on it.
    #[must_use]
    pub fn detailed(mut self, detail: &str) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same by this user.
    #[must_use]
    pub const fn by(mut self, user: Uuid) -> Self {
        self.user = Some(user);
        self
    }

    /// The same through this app.
    #[must_use]
    pub const fn through(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }

    /// The same from this address, with this user agent.
    #[must_use]
    pub fn from(mut self, address: Option<IpAddr>, agent: Option<&str>) -> Self {
        self.address = address;
        self.agent = agent.map(cut);
        self
    }
}

/// As much of a user agent as is kept: without control characters.
fn cut(agent: &str) -> Box<str> {
    agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT_CHARS).collect()
}

/// Which activity is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityQuery {
    /// Of this organization.
    pub org: OrgId,
    /// Of this user alone.
    pub user: Option<Uuid>,
    /// Through this app alone.
    pub app: Option<AppId>,
    /// Of this kind alone.
    pub kind: Option<ActivityKind>,
    /// With this outcome alone.
    pub outcome: Option<Outcome>,
    /// From the start until before the end.
    pub time: Range<Time>,
    /// Before this one, which is [`ActivityPage::next`] of the page before.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl ActivityQuery {
    /// Everything of an organization, at most `limit` of it.
    #[must_use]
    pub fn of(org: OrgId, limit: usize) -> Self {
        let time = Time::from_micros(i64::MIN)..Time::from_micros(i64::MAX);
        Self { org, user: None, app: None, kind: None, outcome: None, time, before: None, limit }
    }
}

/// Activity as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// Its number: later ones have higher numbers.
    pub number: u64,
    /// What happened.
    pub activity: Activity,
}

/// A page of activity, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityPage {
    /// What happened.
    pub items: Vec<Recalled>,
    /// Where the next page starts, if there may be one.
    pub next: Option<u64>,
}

impl ActivityPage {
    /// The page of these, of which at most `limit` were asked for.
    #[must_use]
    pub fn cut(items: Vec<Recalled>, limit: usize) -> Self {
        let full = items.len() == limit;
        let next = items.last().filter(|_| full).map(|last| last.number);
        Self { items, next }
    }
}

/// How often something happened on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityCount {
    /// Midnight, UTC, at which the day begins.
    pub day: Time,
    /// What.
    pub kind: ActivityKind,
    /// How it ended.
    pub outcome: Outcome,
    /// How often.
    pub count: u64,
}
