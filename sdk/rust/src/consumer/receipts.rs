//! Settling messages. A message that can't be settled comes again, and the inbox knows it.

use events::Position;

use crate::broker::Receipt;

pub(super) async fn ack(receipt: Option<Box<dyn Receipt>>, position: Position) {
    if let Some(receipt) = receipt
        && let Err(lost) = receipt.ack().await
    {
        tracing::debug!(%position, %lost, "not acknowledged: it will come again");
    }
}

pub(super) async fn park(receipt: Option<Box<dyn Receipt>>, position: Option<Position>) {
    if let Some(receipt) = receipt
        && let Err(lost) = receipt.park().await
    {
        tracing::warn!(?position, %lost, "not parked: it will come again");
    }
}
