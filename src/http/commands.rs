//! From a caller's request to the engine and back, the same for every command.

use std::ops::Deref;

use axum::http::StatusCode;
use events::{Asked, CommandId, Event, Operation, PublicId, PublicKind, Recorded, WalletId};
use ledger::Command;
use serde::Serialize;

use super::{
    app::Shared,
    extract::{Asking, Caller},
    problem::{self, Problem},
    reply::Reply,
    shapes::Recording,
    tallies::Outcome,
};
use crate::engine::{Ask, EngineError, Receipt, command_id, request_hash};

/// An answered command; its answer is never a refusal.
#[derive(Debug)]
pub(super) struct Answer(Receipt);

impl Deref for Answer {
    type Target = Receipt;

    fn deref(&self) -> &Receipt {
        &self.0
    }
}

impl Answer {
    /// Where and when the answering event, or another of the command's, was recorded.
    pub(super) fn recording(&self) -> Recording {
        self.recording_of(&self.recorded)
    }

    /// The same of another event of the command.
    pub(super) fn recording_of(&self, recorded: &Recorded) -> Recording {
        if self.dry_run {
            Recording::dry(recorded.envelope.time)
        } else {
            Recording::from(&recorded.envelope)
        }
    }

    /// The status of what was made: 201, or 200 when it was not.
    pub(super) const fn created_status(&self) -> StatusCode {
        if self.0.dry_run { StatusCode::OK } else { StatusCode::CREATED }
    }

    /// 201 with what was made; 200 when it was not.
    pub(super) fn created(&self, body: &impl Serialize) -> Reply {
        Reply::new(self.created_status(), body).replayed(self.replayed)
    }

    /// 200 with what was changed.
    pub(super) fn done(&self, body: &impl Serialize) -> Reply {
        Reply::ok(body).replayed(self.replayed)
    }

    /// 202 with what was only proposed.
    pub(super) fn proposed(&self, body: &impl Serialize) -> Reply {
        let status = if self.dry_run { StatusCode::OK } else { StatusCode::ACCEPTED };
        Reply::new(status, body).replayed(self.replayed)
    }
}

impl Shared {
    /// The id of what was recorded there; none when it was not.
    pub(super) fn id(&self, kind: PublicKind, recording: Recording) -> Option<PublicId> {
        recording.position.map(|position| self.public_id(kind, position))
    }

    /// The id of a command under this key, or a random one without a key.
    pub(super) fn command_id<S>(
        &self,
        caller: &Caller<S>,
        operation: Operation,
        key: Option<&str>,
    ) -> CommandId {
        key.map_or_else(|| self.random_command(), |key| command_id(caller.org, caller.app, operation, key))
    }

    /// What to hand to the engine.
    pub(super) fn ask<S>(
        &self,
        caller: &Caller<S>,
        asking: &Asking,
        key: Option<Box<str>>,
        wallet: WalletId,
        command: Command,
    ) -> Ask {
        Ask {
            id: self.command_id(caller, command.operation(), key.as_deref()),
            wallet,
            org: caller.org,
            app: caller.app,
            actor: caller.actor.clone(),
            correlation: asking.correlation.clone(),
            traceparent: asking.traceparent.clone(),
            asked: Asked { key, request: request_hash(wallet, &command) },
            command,
            dry_run: asking.dry_run,
        }
    }

    /// Submits a command and waits until its answer is durable. The engine goes on when the caller
    /// goes away.
    pub(super) async fn submit<S>(
        &self,
        caller: Caller<S>,
        asking: Asking,
        key: Option<Box<str>>,
        wallet: WalletId,
        command: Command,
    ) -> Result<Answer, Problem> {
        let operation = command.operation();
        let keyed = key.is_some();
        let ask = self.ask(&caller, &asking, key, wallet, command);
        self.answer(operation, keyed, self.commands.submit(ask).await)
    }

    /// The answer to a command, counted. `keyed`: whether it can be repeated under a key.
    pub(super) fn answer(
        &self,
        operation: Operation,
        keyed: bool,
        submitted: Result<Receipt, EngineError>,
    ) -> Result<Answer, Problem> {
        let tallies = &self.state().tallies;
        let receipt = submitted.map_err(|error| {
            tallies.count(operation, Outcome::Failed);
            problem::submission(error, keyed)
        })?;
        tallies.count(operation, Outcome::of(&receipt.recorded.event, receipt.replayed, receipt.dry_run));
        if let Event::CommandRefused(refused) = &receipt.recorded.event {
            return Err(problem::refused(refused, receipt.replayed));
        }
        Ok(Answer(receipt))
    }
}
