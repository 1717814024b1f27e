//! From a caller's request to the engine and back, the same for every command.

use std::sync::OnceLock;

use events::{Asked, CommandId, CommandRefused, Event, Operation, Recorded, WalletId};
use ledger::Command;
use metrics::{Counter, counter};

use super::{
    app::Shared,
    extract::{Asking, Caller},
    problem::{self, Problem},
};
use crate::{
    engine::{Ask, Receipt, command_id, request_hash},
    telemetry::COMMANDS_TOTAL,
};

/// An answered command.
#[derive(Debug)]
pub(super) struct Answer {
    /// The answering event; never a refusal.
    pub(super) recorded: Recorded,
    /// Whether it answers an earlier request with the same key.
    pub(super) replayed: bool,
}

impl Shared {
    /// The id of a command under this key, or a random one without a key.
    pub(super) fn command_id<S>(
        &self,
        caller: &Caller<S>,
        operation: Operation,
        key: Option<&str>,
    ) -> CommandId {
        key.map_or_else(|| self.random_command(), |key| command_id(caller.org, caller.app, operation, key))
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
        let ask = Ask {
            id: self.command_id(&caller, operation, key.as_deref()),
            wallet,
            org: caller.org,
            app: caller.app,
            actor: caller.actor,
            correlation: asking.correlation,
            traceparent: asking.traceparent,
            asked: Asked { key, request: request_hash(wallet, &command) },
            command,
        };
        let submitted = self.engine.submit(ask).await;
        let tallies = &self.state().tallies;
        let Receipt { recorded, replayed } = submitted.map_err(|error| {
            tallies.count(operation, Outcome::Failed);
            problem::submission(error, keyed)
        })?;
        tallies.count(operation, Outcome::of(&recorded.event, replayed));
        match &recorded.event {
            Event::CommandRefused(CommandRefused { refusal, .. }) => Err(problem::refused(refusal, replayed)),
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => Ok(Answer { recorded, replayed }),
        }
    }
}

/// How a command ended, for its figures.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// It was done.
    Done,
    /// A check found enough credits.
    Sufficient,
    /// A check found too few.
    Insufficient,
    /// The wallet's state refused it.
    Refused,
    /// It got the answer of an earlier request.
    Replayed,
    /// No event answers it.
    Failed,
}

impl Outcome {
    const ALL: [(Self, &str); 6] = [
        (Self::Done, "done"),
        (Self::Sufficient, "sufficient"),
        (Self::Insufficient, "insufficient"),
        (Self::Refused, "refused"),
        (Self::Replayed, "replayed"),
        (Self::Failed, "failed"),
    ];

    fn of(event: &Event, replayed: bool) -> Self {
        if replayed {
            return Self::Replayed;
        }
        match event {
            Event::CreditsChecked(check) if check.sufficient => Self::Sufficient,
            Event::CreditsChecked(_) => Self::Insufficient,
            Event::CommandRefused(_) => Self::Refused,
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => Self::Done,
        }
    }
}

const OPERATIONS: [(Operation, &str); 6] = [
    (Operation::OpenWallet, "open_wallet"),
    (Operation::Purchase, "purchase"),
    (Operation::Grant, "grant"),
    (Operation::Check, "check"),
    (Operation::Deduct, "deduct"),
    (Operation::Rollback, "rollback"),
];

/// Commands by operation and outcome. Each counter is made once.
#[derive(Default)]
pub(super) struct CommandTallies([[OnceLock<Counter>; Outcome::ALL.len()]; OPERATIONS.len()]);

impl CommandTallies {
    fn count(&self, operation: Operation, outcome: Outcome) {
        let counter = self.0[operation as usize][outcome as usize].get_or_init(|| {
            let (_, operation) = OPERATIONS[operation as usize];
            let (_, outcome) = Outcome::ALL[outcome as usize];
            counter!(COMMANDS_TOTAL, "operation" => operation, "outcome" => outcome)
        });
        counter.increment(1);
    }
}

impl std::fmt::Debug for CommandTallies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandTallies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_the_order_of_the_cases() {
        for (index, (operation, _)) in OPERATIONS.iter().enumerate() {
            assert_eq!(*operation as usize, index);
        }
        for (index, (outcome, _)) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, index);
        }
    }
}
