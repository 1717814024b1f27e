//! Learning of appends: those of other processes come as notifications, and by looking.

use std::{sync::Arc, time::Duration};

use events::Position;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    reader::Reader,
    server::{CONNECT, Server},
};

/// How often to look whether there are new events, in case a notification was lost.
const POLL: Duration = Duration::from_millis(250);

/// Says that the head is at least `head`.
pub(super) fn seen(latest: &watch::Sender<Position>, head: Position) {
    latest.send_if_modified(|latest| {
        let newer = head > *latest;
        if newer {
            *latest = head;
        }
        newer
    });
}

/// Keeps `latest` up to date for ever, through whatever happens to the connection.
pub(super) async fn follow(
    server: Server,
    number: i16,
    reader: Arc<Reader>,
    latest: Arc<watch::Sender<Position>>,
) {
    loop {
        if let Ok(Ok(mut listener)) = timeout(CONNECT, listen(&server, number)).await {
            heed(&mut listener, &reader, &latest).await;
        }
        look(&reader, &latest).await;
        sleep(POLL).await;
    }
}

async fn listen(server: &Server, number: i16) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT)
        .max_lifetime(None)
        .idle_timeout(None);
    let pool = pool.connect_lazy_with(server.options().clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(&format!("credit_ledger_{number}")).await?;
    Ok(listener)
}

/// Follows what the listener hears until its connection is lost. A notification carries the head.
async fn heed(listener: &mut PgListener, reader: &Reader, latest: &watch::Sender<Position>) {
    listener.eager_reconnect(false);
    // What came before the first word was not heard.
    look(reader, latest).await;
    loop {
        match timeout(POLL, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => {
                if let Ok(head) = heard.payload().parse() {
                    seen(latest, Position(head));
                }
            }
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => look(reader, latest).await,
        }
    }
}

/// Asks for the head, when anybody waits for it.
async fn look(reader: &Reader, latest: &watch::Sender<Position>) {
    if latest.receiver_count() > 0
        && let Ok(head) = reader.head_now().await
    {
        seen(latest, head);
    }
}
