//! What is kept of sign-ins with the provider, in the vault.

use std::net::IpAddr;

use events::{AppId, OrgId, SessionId, Time, UserId, Verifier};
use serde::{Deserialize, Serialize};

use crate::identity::{
    oauth::pkce::Challenge,
    vault::{Kept, Kind},
};

/// Whose a provider's account is. Id of the row: the keyed hash of issuer and subject. Owner: the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) user: UserId,
}

impl Kept for Link {
    const KIND: Kind = Kind::Link;
}

/// A browser that is away at the provider. Id of the row: the keyed hash of its state.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Away {
    /// The keyed hash of the browser's cookie.
    pub(super) browser: Verifier,
    pub(super) nonce: Box<str>,
    pub(super) pkce: Box<str>,
    /// Where an account is made if there is none.
    pub(super) org: OrgId,
    /// The app that it signs in for.
    pub(super) app: Option<AppId>,
    pub(super) goal: Goal,
    /// From where it left; it must come back from there.
    pub(super) address: IpAddr,
    pub(super) agent: Box<str>,
}

/// What is to come of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "goal", rename_all = "snake_case")]
pub(super) enum Goal {
    /// A code is shown, and carried over to another program.
    Show,
    /// A page gets a code.
    Send {
        /// Its address.
        page: Box<str>,
        /// By what the page is recognized (RFC 7636), if it wanted that.
        challenge: Option<Challenge>,
    },
    /// The browser itself is signed in here, and goes on.
    Enter {
        /// To this path of ours.
        next: Box<str>,
    },
}

impl Kept for Away {
    const KIND: Kind = Kind::State;
}

/// What a code stands for that came of a sign-in. Id of the row: its keyed hash. Owner: the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Carried {
    pub(super) user: UserId,
    pub(super) app: Option<AppId>,
    /// When somebody signed in; of a code that was shown, from its first use on, that.
    pub(super) began: Time,
    pub(super) way: Way,
}

/// How a code is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub(super) enum Way {
    /// Shown, and presented as often as one likes in a session of its own.
    Shown {
        /// The session.
        session: SessionId,
        /// When it was first presented.
        used: Option<Time>,
    },
    /// Sent to the front end, and exchanged once.
    Sent {
        /// By what it is recognized, if it wanted that.
        challenge: Option<Challenge>,
    },
}

impl Kept for Carried {
    const KIND: Kind = Kind::Verification;
}
