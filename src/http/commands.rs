//! From a caller's request to the engine and back, the same for every command.

use std::ops::Deref;

use axum::http::StatusCode;
use events::{AppId, Asked, CommandId, Event, Operation, PublicId, PublicKind, Recorded, WalletId};
use ledger::Command;
use serde::Serialize;

use super::{
    app::Shared,
    extract::{Asking, Caller},
    problem::{self, Code, Problem},
    reply::Reply,
    shapes::Recording,
    tallies::Outcome,
};
use crate::{
    engine::{Ask, EngineError, Receipt, command_id, request_hash},
    identity::{Principal, Scope},
};

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

    /// The id of a command under this key, or a random one without a key. The keys of two users are two,
    /// be they the same text: users don't know of each other.
    pub(super) fn command_id<S>(
        &self,
        caller: &Caller<S>,
        operation: Operation,
        key: Option<&str>,
    ) -> CommandId {
        let Some(key) = key else { return self.random_command() };
        match caller.principal.user() {
            Some(user) => command_id(caller.org, caller.app, operation, &format!("user/{user}/{key}")),
            None => command_id(caller.org, caller.app, operation, key),
        }
    }

    /// What to hand to the engine: every command on a wallet goes through here, so that none is decided
    /// that the caller may not ask of this wallet.
    pub(super) fn ask<S>(
        &self,
        caller: &Caller<S>,
        asking: &Asking,
        key: Option<Box<str>>,
        wallet: WalletId,
        command: Command,
    ) -> Result<Ask, Problem> {
        caller.must_reach(self, wallet)?;
        self.must_be_let_in(caller, wallet, &command)?;
        Ok(Ask {
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
        })
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
        let ask = self.ask(&caller, &asking, key, wallet, command)?;
        self.answer(operation, keyed, self.commands.submit(ask).await)
    }

    /// Refuses an app that spends by its own credentials what is a registered user's, unless that user has
    /// given it access. Whoever administers the organization needs none.
    fn must_be_let_in<S>(
        &self,
        caller: &Caller<S>,
        wallet: WalletId,
        command: &Command,
    ) -> Result<(), Problem> {
        let (Some(app), Some(scope)) = (by_itself(caller.principal), spending(command)) else {
            return Ok(());
        };
        if caller.administers || self.identity.lets(app, wallet, scope) {
            return Ok(());
        }
        let detail = "the wallet's owner has not let this app do this";
        Err(Problem::new(Code::AccessNotGranted, detail).with("required_scope", scope))
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

/// The app that acts without a user.
const fn by_itself(principal: Principal) -> Option<AppId> {
    match principal {
        Principal::App { app, .. } | Principal::Service { app } => Some(app),
        Principal::Operator | Principal::User { .. } | Principal::OnBehalf { .. } => None,
    }
}

/// What a user must have let an app do before it asks this of the user's wallet. Nobody needs to be let in to
/// bring credits in or to give them back.
const fn spending(command: &Command) -> Option<Scope> {
    if let Command::Check(check) = command
        && check.hold.is_some()
    {
        return Some(Scope::CreditsHold);
    }
    match command.operation() {
        Operation::Check => Some(Scope::CreditsCheck),
        Operation::Deduct | Operation::DeductBatch => Some(Scope::CreditsDeduct),
        Operation::Hold | Operation::Capture | Operation::Extend => Some(Scope::CreditsHold),
        Operation::OpenWallet
        | Operation::Purchase
        | Operation::Grant
        | Operation::Rollback
        | Operation::Release
        | Operation::Refund
        | Operation::Adjust
        | Operation::Approve
        | Operation::Freeze
        | Operation::Unfreeze
        | Operation::SetLimit
        | Operation::SetCap
        | Operation::SetThreshold => None,
    }
}
