//! Which event answers which command.

use events::{CommandId, Position, Recorded};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// The command that this event answers, and where the answer is.
#[must_use]
pub fn answer(recorded: &Recorded) -> Option<(CommandId, Position)> {
    let envelope = &recorded.envelope;
    recorded.event.asked().map(|_| (envelope.causation, envelope.position))
}

/// The first 64 bits of a command's id, 60 of them a hash: enough to find the answer, and few enough
/// to share that whoever looks compares the id of the event found.
#[must_use]
pub fn fingerprint(command: CommandId) -> u64 {
    command.0.as_u64_pair().0
}
