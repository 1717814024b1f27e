//! Single events of the log, and its times.

use std::sync::Arc;

use events::{Position, Recorded, Time, decode};

use super::corrupt;
use crate::{
    log::{Log, ReadError},
    read::StoreFault,
    report::Edge,
};

/// The stored event at a position, which is below the head.
pub(super) async fn event(log: &Arc<dyn Log>, position: Position) -> Result<Recorded, StoreFault> {
    let found = event_if_any(log, position).await?;
    found.ok_or_else(|| corrupt(format!("the log has no event {position}")))
}

async fn event_if_any(log: &Arc<dyn Log>, position: Position) -> Result<Option<Recorded>, StoreFault> {
    let page = log.read(position, 1).await.map_err(unread)?;
    page.bodies.iter().next().map(|body| decoded(position, body)).transpose()
}

pub(super) fn decoded(position: Position, body: &[u8]) -> Result<Recorded, StoreFault> {
    decode(body).map_err(|error| corrupt(format!("event {position}: {error}")))
}

pub(super) fn unread(error: ReadError) -> StoreFault {
    StoreFault::Unavailable(error.to_string())
}

/// How many of the first `head` events happened before `time`: times grow with positions.
pub(super) async fn position_at(
    log: &Arc<dyn Log>,
    time: Time,
    head: Position,
) -> Result<Position, StoreFault> {
    let (mut low, mut high) = (0, head.get());
    while low < high {
        let middle = low + (high - low) / 2;
        if event(log, Position(middle)).await?.envelope.time < time {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(Position(low))
}

/// The edge at a position: its time is that of the event there, or just after the last one.
pub(super) async fn edge(log: &Arc<dyn Log>, position: Position) -> Result<Edge, StoreFault> {
    if let Some(recorded) = event_if_any(log, position).await? {
        return Ok(Edge { position, time: recorded.envelope.time });
    }
    let Some(last) = position.get().checked_sub(1) else {
        return Ok(Edge { position, time: Time::from_micros(0) });
    };
    let last = event(log, Position(last)).await?;
    Ok(Edge { position, time: last.envelope.time.plus_micros(1) })
}
