//! The HTTP/1.1 server: sockets, their limits and their end.

mod bare;
mod connection;
mod progress;
mod socket;
#[cfg(test)]
mod tests;

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, Response},
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Api, HttpOptions};

/// How long to wait after the system had no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What answers requests.
pub(in crate::http) trait Answers: Clone + Send + Sync + 'static {
    fn respond(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send;
}

impl Answers for Api {
    fn respond(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send {
        Self::respond(self, request)
    }
}

/// What one connection may do.
#[derive(Debug, Clone, Copy)]
struct Limits {
    head_bytes_max: usize,
    head_read_max_s: u32,
    idle_max_s: u32,
}

impl From<&HttpOptions> for Limits {
    fn from(options: &HttpOptions) -> Self {
        let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        Self {
            head_bytes_max: options.head_bytes_max,
            head_read_max_s: seconds(options.head_read_max),
            idle_max_s: seconds(options.idle_max),
        }
    }
}

/// Serves until `stop` is cancelled, then lets what is in flight be answered for at most
/// [`HttpOptions::drain_max`]. More connections than [`HttpOptions::connections_max`] wait in the
/// listener's queue.
///
/// # Errors
/// When the listener itself fails; a failing connection is no error.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    options: HttpOptions,
    stop: CancellationToken,
) -> io::Result<()> {
    accept(listener, api, &options, &stop).await;
    Ok(())
}

/// Serves any kind of answers; see [`serve`].
pub(in crate::http) async fn accept(
    listener: TcpListener,
    api: impl Answers,
    options: &HttpOptions,
    stop: &CancellationToken,
) {
    let limits = Limits::from(options);
    let free = Arc::new(Semaphore::new(options.connections_max));
    let connections = TaskTracker::new();
    while let Some(permit) = until(stop, Arc::clone(&free).acquire_owned()).await {
        let Some(accepted) = until(stop, listener.accept()).await else { break };
        let (stream, peer) = match accepted {
            Ok((stream, address)) => (stream, address.ip()),
            Err(error) if is_of_one_client(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no further connection can be accepted now");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Without it, a small answer may wait for the client's next packet.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let (api, stop) = (api.clone(), stop.child_token());
        connections.spawn(async move {
            connection::run(stream, peer, api, limits, stop).await;
            drop(permit);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(options.drain_max, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections were still open when the time to stop was over"
        );
    }
}

/// The result, or `None` once `stop` is cancelled.
async fn until<F: Future>(stop: &CancellationToken, future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        result = future => Some(result),
    }
}

/// Whether a failed accept concerns nobody but the client that went away.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
