//! Finding what a public id names: its position is in the id, so one read of the log is enough.

use events::{Position, PublicId, PublicKind, Recorded};

use super::{
    app::Shared,
    extract::Caller,
    problem::{Code, Problem, UNREADABLE_EVENT},
};

impl Shared {
    /// The id of what the event at `position` made.
    pub(super) fn public_id(&self, kind: PublicKind, position: Position) -> PublicId {
        PublicId::new(kind, self.ledger, position)
    }

    /// The position in a public id of this ledger.
    pub(super) fn position_of(&self, id: &str, kind: PublicKind) -> Result<Position, Problem> {
        PublicId::parse(id, kind, self.ledger).ok_or_else(|| Problem::not_found(name(kind)))
    }

    /// The event that made the named thing, when it is in the caller's organization and within its
    /// reach. Whether it is of the right type is for the handler to see.
    pub(super) async fn made<S>(
        &self,
        caller: &Caller<S>,
        id: &str,
        kind: PublicKind,
    ) -> Result<Recorded, Problem> {
        let position = self.position_of(id, kind)?;
        let recorded = self.stored(position).await?;
        let own = recorded.filter(|recorded| {
            recorded.envelope.org == Some(caller.org)
                && recorded.wallet().is_none_or(|wallet| caller.reaches(self, wallet))
        });
        own.ok_or_else(|| Problem::not_found(name(kind)))
    }

    /// The event at `position`, when there is one.
    pub(super) async fn stored(&self, position: Position) -> Result<Option<Recorded>, Problem> {
        // Only durable events are told of, though the log may already hold more.
        if position >= self.commands.head_beyond(position).await {
            return Ok(None);
        }
        let page = self.log.read(position, 1).await?;
        let Some((_, body)) = page.iter().next() else { return Ok(None) };
        events::decode(body).map(Some).map_err(|error| {
            tracing::error!(%position, %error, "a stored event cannot be read");
            Problem::new(Code::Internal, UNREADABLE_EVENT)
        })
    }
}

/// What a kind of id names, for humans.
pub(super) const fn name(kind: PublicKind) -> &'static str {
    match kind {
        PublicKind::Purchase => "purchase",
        PublicKind::Grant => "grant",
        PublicKind::Check => "check",
        PublicKind::Deduction => "deduction",
        PublicKind::Rollback => "rollback",
        PublicKind::Hold => "hold",
        PublicKind::Capture => "capture",
        PublicKind::Refund => "refund",
        PublicKind::Adjustment => "adjustment",
    }
}

/// For an answer that is of another type than its command: a defect, never the caller's fault.
pub(super) fn unexpected() -> Problem {
    tracing::error!("an answer is of another type than its command");
    Problem::new(Code::Internal, "the answer is of an unexpected type; the log has the request id")
}
