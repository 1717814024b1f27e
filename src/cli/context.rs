//! What every command is given: the shared options, the machine, and where to print.

use uuid::Uuid;

use super::{
    args::Global,
    change::Rehearsal,
    client::{Client, Missing, Reach, connect},
    failure::{Failure, Outcome},
    output::Output,
    place::Place,
};
use crate::{app::Machine, clock::sixteen, config::Settings};

/// What a command works with.
pub(super) struct Context<'a> {
    /// Options that all commands share.
    pub(super) global: Global,
    /// The settings, from all their sources.
    pub(super) settings: Settings,
    /// Clocks and randomness.
    pub(super) machine: Machine,
    /// Standard output.
    pub(super) out: Output<'a>,
}

impl Context<'_> {
    /// A random id.
    pub(super) fn random_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(sixteen(&mut *(self.machine.entropy)())).into_uuid()
    }

    /// Where the ledger is, for a command that works without a server; `what` it does then.
    ///
    /// # Errors
    /// When a server was named.
    pub(super) fn place(&self, what: &str) -> Outcome<Place> {
        if self.global.url.is_some() {
            let what = format!("{what} a data directory or a database, not a server at --url");
            return Err(Failure::Usage(what));
        }
        Place::of(&self.settings.config, self.global.ledger)
    }

    /// Works with the ledger through its HTTP API, and ends in good order whatever comes of it.
    ///
    /// # Errors
    /// What the work gives, or that there is no ledger to work with.
    pub(super) async fn ledger<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client, &mut Output<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        self.reach(Missing::Refuse, work).await
    }

    /// As [`Self::ledger`], for a command that writes: where there is no ledger, it makes one. A
    /// rehearsal stores nothing, and makes none.
    ///
    /// # Errors
    /// What the work gives, or that no ledger can be made.
    pub(super) async fn ledger_or_new<T>(
        &mut self,
        rehearsal: Option<&Rehearsal>,
        work: impl AsyncFnOnce(&Client, &mut Output<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let rehearsed = rehearsal.is_some_and(|rehearsal| rehearsal.dry_run);
        self.reach(if rehearsed { Missing::Refuse } else { Missing::Make }, work).await
    }

    async fn reach<T>(
        &mut self,
        missing: Missing,
        work: impl AsyncFnOnce(&Client, &mut Output<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let reach = Reach::new(&self.global)?;
        let client = connect(reach, missing, &self.settings.config, &self.machine).await?;
        let client = client.of_ledger(self.global.ledger);
        let result = work(&client, &mut self.out).await;
        let closed = client.close().await;
        let result = result?;
        closed?;
        Ok(result)
    }
}
