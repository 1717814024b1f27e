//! What a process is at the moment.

use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;

use super::{Tenure, Term};
use crate::engine::Engine;

/// Another process that writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its epoch.
    pub epoch: u64,
    /// Where it is reached.
    pub address: Box<str>,
}

impl From<&Tenure> for Peer {
    fn from(tenure: &Tenure) -> Self {
        Self { epoch: tenure.epoch, address: tenure.address.clone() }
    }
}

/// What this process is.
#[derive(Clone)]
pub enum Role {
    /// It reads, and hands commands to the writer, if it knows one.
    Standby(Option<Peer>),
    /// It has the lease and gets ready to write.
    Starting(Arc<Term>),
    /// It writes.
    Writer(Arc<Term>, Engine),
}

impl Role {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Standby(_) => "standby",
            Self::Starting(_) => "starting",
            Self::Writer(..) => "writer",
        }
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What operators are told of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// `writer`, `standby` or `starting`.
    pub role: &'static str,
    /// The writer's epoch, as far as known.
    pub epoch: Option<u64>,
    /// Where the writer is reached, when it is another process.
    pub writer: Option<Box<str>>,
    /// How long this process may still append if its lease is not renewed.
    pub lease_left: Option<Duration>,
}

impl From<&Role> for Status {
    fn from(role: &Role) -> Self {
        let status = Self { role: role.word(), epoch: None, writer: None, lease_left: None };
        match role {
            Role::Standby(None) => status,
            Role::Standby(Some(peer)) => {
                Self { epoch: Some(peer.epoch), writer: Some(peer.address.clone()), ..status }
            }
            Role::Starting(term) | Role::Writer(term, _) => {
                Self { epoch: Some(term.epoch()), lease_left: Some(term.left()), ..status }
            }
        }
    }
}
