//! What an organization has ruled: recorded as facts, read back from the projections.

use std::sync::Arc;

use events::{Event, OrgId, Position, Subject};
use ledger::Rules;
use serde::Serialize;

use super::{
    app::Shared,
    extract::{Asking, Caller, scope},
    positions::AtLeast,
    problem::{self, Problem},
    reply::Reply,
    shapes::Recording,
};
use crate::engine::Fact;

/// An answer that was given before, with where it was recorded.
#[derive(Serialize)]
struct Again<'a, T> {
    #[serde(flatten)]
    rule: &'a T,
    #[serde(flatten)]
    recording: Recording,
}

impl Shared {
    /// The organization's rules, as the projections know them.
    pub(super) async fn rules(&self, org: OrgId) -> Result<Arc<Rules>, Problem> {
        Ok(self.reads.rules(org).await?)
    }

    /// The same, with everything that was durable when this was asked; none when the projections are
    /// not there in time, because a change must not depend on them.
    pub(super) async fn latest_rules(&self, org: OrgId) -> Option<Arc<Rules>> {
        let last = self.commands.head().get().checked_sub(1);
        self.reached(&AtLeast { min_position: last, wait: Some(1) }).await.ok()?;
        self.rules(org).await.ok()
    }

    /// Records a rule of the caller's organization, unless it is a dry run.
    pub(super) async fn rule<S: scope::Needed>(
        &self,
        caller: Caller<S>,
        asking: &Asking,
        event: Event,
    ) -> Result<Recording, Problem> {
        if asking.dry_run {
            return Ok(Recording::dry(self.clock.now()));
        }
        let org = caller.org;
        let actor = caller.in_person().actor;
        let fact = Fact {
            id: self.random_command(),
            subject: Subject::Organization(org),
            org: Some(org),
            app: None,
            actor,
            event,
        };
        let recorded = self.commands.record(fact).await.map_err(|error| problem::submission(error, false))?;
        Ok(Recording::from(&recorded.envelope))
    }

    /// The answer for a rule that holds already, as it was recorded at `position`.
    pub(super) async fn told_again(
        &self,
        rule: &impl Serialize,
        position: Position,
        dry_run: bool,
    ) -> Result<Reply, Problem> {
        let recording = if dry_run {
            Recording::dry(self.clock.now())
        } else {
            let recorded = self.stored(position).await?.ok_or_else(super::lookup::unexpected)?;
            Recording::from(&recorded.envelope)
        };
        Ok(Reply::ok(&Again { rule, recording }))
    }
}
