//! Rows and changes of them. None of them prints what it keeps.

use std::fmt;

use events::Time;
use uuid::Uuid;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What a row is about. Its text is in the database: it never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// A user's e-mail, name and preferences. Id and owner: the user.
    Profile = "profile",
    /// Which user has an e-mail address. Id: keyed hash of the address in its one spelling.
    Email = "email",
    /// A user's password hash. Id and owner: the user.
    Password = "password",
    /// Which user a provider's account is. Id: keyed hash of issuer and subject.
    Link = "link",
    /// A signed-in browser or first-party login. Id: the session. Owner: the user.
    Session = "session",
    /// The secret of a browser's cookie, by its id. Owner: the user.
    Browser = "browser",
    /// A family of refresh tokens. Owner: the user, or the app when it acts for itself.
    Refresh = "refresh",
    /// An authorization code. Owner: the user.
    Code = "code",
    /// What a browser took along to a provider, by the hash of its state.
    State = "state",
    /// A request of `/oauth/authorize` that waits for sign-in or consent.
    Request = "request",
    /// A verification code of Google sign-in, by its hash. Owner: the user.
    Verification = "verification",
    /// A one-time link that was mailed. Owner: the user.
    Mail = "mail",
    /// A signing key, its private half sealed. Id: the `kid`.
    SigningKey = "signing_key",
    /// When something was last used (an API key, a client secret). Owner: the app.
    Used = "used",
    /// A group's settings beyond what the log says. Owner: the group.
    Group = "group",
}

/// What is to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it is about.
    pub kind: Kind,
    /// Its id, unique in the kind. Never a secret.
    pub id: Box<str>,
    /// Whose it is; it goes when everything of its owner goes.
    pub owner: Option<Uuid>,
    /// From this moment on it is not there any more.
    pub expires: Option<Time>,
    /// A JSON document.
    pub body: Box<str>,
}

/// What is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub kind: Kind,
    /// Its id, unique in the kind.
    pub id: Box<str>,
    /// Whose it is.
    pub owner: Option<Uuid>,
    /// From this moment on it is not there any more.
    pub expires: Option<Time>,
    /// How often it was written: 1 for a new one.
    pub version: u64,
    /// A JSON document.
    pub body: Box<str>,
}

/// One change of a row. An expired row counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds a row that must not be there.
    Insert(Draft),
    /// Writes a row, over the one that may be there.
    Put(Draft),
    /// Writes over a row that must be there in this version.
    Replace(Draft, u64),
    /// Takes a row away. With a version it must be there in that one; without, it need not be there.
    Delete {
        /// Of this kind.
        kind: Kind,
        /// With this id.
        id: Box<str>,
        /// In this version.
        version: Option<u64>,
    },
    /// Takes away every row of a kind that is somebody's.
    DeleteOf {
        /// Of this kind.
        kind: Kind,
        /// Whose they are.
        owner: Uuid,
    },
}

/// Why the vault did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A row that must be absent is there, or one is not there in the version it must have. Nothing
    /// was changed.
    #[error("somebody else was faster, or it is there already")]
    Conflict,
    /// The database can't be asked; whether a change was made is unknown.
    #[error("the identity database can't be used: {0}")]
    Unavailable(String),
    /// A row is there and can't be understood.
    #[error("the {} row {id} can't be read: {why}", kind.as_str())]
    Corrupt {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Box<str>,
        /// What is wrong with it. Nothing of its body.
        why: String,
    },
}

impl Row {
    /// Whether it is still there at this moment.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    /// The row that this draft becomes.
    #[must_use]
    pub fn of(draft: Draft, version: u64) -> Self {
        let Draft { kind, id, owner, expires, body } = draft;
        Self { kind, id, owner, expires, version, body }
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} of {:?} until {:?}", self.kind.as_str(), self.id, self.owner, self.expires)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id, owner, expires, version, body: _ } = self;
        write!(f, "{}/{id} v{version} of {owner:?} until {expires:?}", kind.as_str())
    }
}
