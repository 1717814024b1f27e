//! What callers hand to the engine, and what they get back.

use std::sync::Arc;

use aws_lc_rs::digest;
use events::{AppId, Asked, CommandId, Event, Operation, OrgId, Recorded, RequestHash, Subject, WalletId};
use ledger::{Command, Rejection};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A command to a wallet, with everything its events will say about the caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    /// The command's id; see [`command_id`].
    pub id: CommandId,
    /// The wallet.
    pub wallet: WalletId,
    /// The caller's organization.
    pub org: OrgId,
    /// The app that asks; none when an operator does.
    pub app: Option<AppId>,
    /// Who asks, when that is not the app itself.
    pub actor: Option<Box<str>>,
    /// The caller's request id.
    pub correlation: Option<Box<str>>,
    /// The caller's W3C trace context.
    pub traceparent: Option<Box<str>>,
    /// Key and request hash; see [`request_hash`].
    pub asked: Asked,
    /// What is asked.
    pub command: Command,
    /// Decide it as if it were asked, and store nothing: no event, no key.
    pub dry_run: bool,
}

/// A fact about the ledger or about identity, recorded as it is.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The id of the command that it is the outcome of.
    pub id: CommandId,
    /// What it is about.
    pub subject: Subject,
    /// The organization it belongs to.
    pub org: Option<OrgId>,
    /// The app that acted, if one did.
    pub app: Option<AppId>,
    /// Who did it.
    pub actor: Option<Box<str>>,
    /// What happened.
    pub event: Event,
}

/// The answer to a command: its events, as stored. Those of a dry run are as they would be, at the
/// next positions and with salts of zeros.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The answering event; a refusal is one too.
    pub recorded: Arc<Recorded>,
    /// The command's other events, in order of position. Of an earlier answer only those that make it
    /// whole: the other items of an atomic batch, and the hold that a check placed.
    pub others: Vec<Arc<Recorded>>,
    /// Whether it answers an earlier request with the same key.
    pub replayed: bool,
    /// Whether nothing was stored, because nothing was to be.
    pub dry_run: bool,
}

impl Receipt {
    /// All events, in order of position.
    pub fn events(&self) -> impl Iterator<Item = &Recorded> {
        let answer = self.recorded.envelope.position;
        let at = self.others.partition_point(|other| other.envelope.position < answer);
        let (before, after) = self.others.split_at(at);
        before.iter().chain([&self.recorded]).chain(after).map(|recorded| &**recorded)
    }
}

/// Why a command has no answering event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum EngineError {
    /// Nothing follows from it, and nothing was written.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The key was used for another request; nothing was written.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Another fact came first that this one contradicts; nothing was written.
    #[error("another change came first")]
    Contradicted,
    /// The queue is full; nothing was written. The same request may be sent again.
    #[error("the ledger has more commands waiting than it takes")]
    Overloaded,
    /// The log cannot be written or read; nothing was written.
    #[error("the ledger cannot write now: {0}")]
    Unavailable(String),
    /// The engine stops; nothing was written.
    #[error("the ledger is stopping")]
    Stopping,
    /// It may or may not have been written. A repeat with the same key tells.
    #[error("whether command {0} was written is not known")]
    OutcomeUnknown(CommandId),
}

/// The id of a command: the same for the same key of the same app and operation.
#[must_use]
pub fn command_id(org: OrgId, app: Option<AppId>, operation: Operation, key: &str) -> CommandId {
    let mut name = Vec::with_capacity(48 + key.len());
    name.extend_from_slice(app.map_or(Uuid::nil(), |app| app.0).as_bytes());
    name.push(operation as u8);
    name.extend_from_slice(key.as_bytes());
    CommandId(Uuid::new_v5(&org.0, &name))
}

/// The hash of a request: operation, target wallet and canonical fields.
#[must_use]
pub fn request_hash(wallet: WalletId, command: &Command) -> RequestHash {
    let mut canonical = Vec::with_capacity(128);
    command.canonical(wallet, &mut canonical);
    let digest = digest::digest(&digest::SHA256, &canonical);
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest.as_ref()[..16]);
    RequestHash(hash)
}
