//! What the engine and the read side say, as problems.

use ledger::Rejection;

use super::{Code, Problem};
use crate::{engine::EngineError, identity::IdentityError, log::ReadError, read::ReadFault};

/// A command without an answering event. `keyed`: whether the caller can repeat it under a key.
pub(in crate::http) fn submission(error: EngineError, keyed: bool) -> Problem {
    match error {
        EngineError::Rejected(rejection) => rejected(rejection),
        EngineError::KeyReused => {
            Problem::new(Code::IdempotencyKeyReused, "the key was first used with another request")
        }
        EngineError::Contradicted => Problem::new(Code::Conflict, "another change came first"),
        EngineError::Overloaded => Problem::new(Code::Overloaded, "the queue is full"),
        EngineError::Unavailable(reason) => {
            tracing::error!(reason, "the event log could not be written");
            Problem::new(Code::Unavailable, reason).retry_after(5)
        }
        EngineError::Stopping => Problem::new(Code::NotReady, "the ledger is stopping"),
        EngineError::OutcomeUnknown(command) if keyed => Problem::new(
            Code::Unavailable,
            "whether the command was recorded is not known yet; repeat it with the same key to find out",
        )
        .with("command_id", command),
        EngineError::OutcomeUnknown(command) => Problem::new(
            Code::OutcomeUnknown,
            "the command was handed on and whether it was recorded is not known; it had no key, so do not repeat it",
        )
        .with("command_id", command),
    }
}

fn rejected(rejection: Rejection) -> Problem {
    match rejection {
        Rejection::WalletNotFound => Problem::not_found("wallet"),
        Rejection::DeductionNotFound => Problem::not_found("deduction"),
        Rejection::HoldNotFound => Problem::not_found("hold"),
        Rejection::PurchaseNotFound => Problem::not_found("purchase"),
        Rejection::ProposalNotFound => Problem::not_found("proposed adjustment"),
        Rejection::CapBelowHold => Problem::new(Code::CapBelowHold, "the cap is below the amount to hold"),
        Rejection::ExpiryInPast => Problem::new(Code::ExpiryInPast, "the expiry is not in the future"),
        Rejection::Broken(fault) => {
            tracing::error!(%fault, "a wallet's state breaks a rule of the ledger");
            Problem::new(Code::Internal, "the wallet's state breaks a rule of the ledger")
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::NameTaken | IdentityError::ClientIdTaken | IdentityError::ReturnToTaken => {
                Self::new(Code::Conflict, error.to_string())
            }
            IdentityError::NotFound => Self::not_found("organization, app, key, user or group"),
            IdentityError::BadName
            | IdentityError::BadScope
            | IdentityError::BadCode
            | IdentityError::BadClient(_) => Self::bad_request(error.to_string()),
            IdentityError::Engine(error) => submission(error, false),
        }
    }
}

impl From<ReadFault> for Problem {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Unavailable(reason) => cold_read(&reason),
            ReadFault::Corrupt(reason) => corrupt(&reason),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Unavailable(reason) => cold_read(reason),
            ReadError::Corrupt { .. } => corrupt(&error.to_string()),
        }
    }
}

/// A store that does not answer a read.
fn cold_read(reason: &str) -> Problem {
    tracing::error!(reason, "a read failed");
    Problem::new(Code::Unavailable, "what was asked for cannot be read now")
}

fn corrupt(reason: &str) -> Problem {
    tracing::error!(reason, "stored data is corrupt");
    Problem::new(Code::Internal, "stored data breaks a rule of the ledger; the log has the request id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::CommandId;
    use uuid::Uuid;

    #[test]
    fn a_command_without_a_key_is_never_invited_to_be_repeated() {
        let lost = EngineError::OutcomeUnknown(CommandId(Uuid::nil()));
        assert_eq!(submission(lost.clone(), true).code, Code::Unavailable);
        let keyless = submission(lost, false);
        assert_eq!((keyless.code, keyless.retry_after_s), (Code::OutcomeUnknown, None));
        assert_eq!(keyless.extra[0].0, "command_id");
    }
}
