//! One keep-alive connection: sends, waits, sends.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::credentials::Credentials;
use super::keys::Keys;
use super::pace::Pace;
use super::request::Request;
use super::response;
use super::stats::{Failure, Stats};
use super::target::{Route, Target};
use super::wallets::Wallets;

/// A response head must fit, and of a batch the whole response; other bodies are discarded as they come.
const BUFFER_BYTES: usize = 16 * 1024;
/// Room for the result of one item of a batch.
const ITEM_BYTES: usize = 1_024;
/// How the result of an item that was done starts.
const DONE: &str = "{\"status\":201,";

/// Pause before a refused connection is tried again.
const RECONNECT: Duration = Duration::from_millis(20);

/// What all connections of a run share. They run on one thread.
pub(super) struct Shared {
    pub(super) target: Target,
    pub(super) pace: Pace,
    pub(super) wallets: Wallets,
    pub(super) credentials: Credentials,
    pub(super) stats: RefCell<Stats>,
}

/// A connection and its reused buffers.
pub(super) struct Connection {
    stream: TcpStream,
    request: Request,
    keys: Keys,
    buffer: Vec<u8>,
    /// Items of each request, when it is a batch.
    batch: Option<usize>,
}

impl Connection {
    pub(super) async fn open(
        target: &Target,
        request: Request,
        keys: Keys,
        route: Route,
    ) -> io::Result<Self> {
        let stream = connect(target).await?;
        let batch = Some(route.items()).filter(|items| *items > 1);
        let room = BUFFER_BYTES + batch.unwrap_or_default() * ITEM_BYTES;
        Ok(Self { stream, request, keys, buffer: vec![0; room], batch })
    }

    /// Sends what the pace allows until it ends. A failed request is counted and not repeated;
    /// the connection is opened anew.
    pub(super) async fn run(mut self, shared: Rc<Shared>) {
        let mut now = Instant::now();
        while let Some(ticket) = shared.pace.ticket(now).await {
            shared.stats.borrow_mut().sent += 1;
            if let Some(credential) = shared.credentials.next() {
                self.request.show(credential);
            }
            let keys = &mut self.keys;
            let bytes = self.request.stamp(|| {
                let (key, random) = keys.next();
                (shared.wallets.pick(ticket.index, random), key)
            });
            let outcome = exchange(&mut self.stream, bytes, &mut self.buffer).await;
            now = Instant::now();
            let keep = match outcome {
                Ok(head) => {
                    let mut stats = shared.stats.borrow_mut();
                    stats.answer(head.status, ticket.intended, now);
                    if let Some(items) = self.batch {
                        stats.items_refused += items.saturating_sub(done(&self.buffer, &head)) as u64;
                    }
                    !head.closes
                }
                Err(failure) => {
                    shared.stats.borrow_mut().failure(failure);
                    false
                }
            };
            if !keep {
                match connect(&shared.target).await {
                    Ok(stream) => self.stream = stream,
                    Err(_) => tokio::time::sleep(RECONNECT).await,
                }
                now = Instant::now();
            }
        }
    }
}

async fn connect(target: &Target) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One request and its whole response.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut [u8],
) -> Result<response::Head, Failure> {
    stream.write_all(request).await.map_err(|_| Failure::Broken)?;
    let mut filled = 0;
    let head = loop {
        filled += receive(stream, &mut buffer[filled..]).await?;
        match response::parse(&buffer[..filled]) {
            Ok(Some(head)) => break head,
            Ok(None) if filled < buffer.len() => {}
            Ok(None) | Err(response::Malformed) => return Err(Failure::Malformed),
        }
    };
    let total = head.head_bytes + head.body_bytes;
    let kept = total <= buffer.len();
    while filled < total {
        let start = if kept { filled } else { 0 };
        let room = (buffer.len() - start).min(total - filled);
        filled += receive(stream, &mut buffer[start..start + room]).await?;
    }
    // Bytes beyond the response answer nothing that was asked.
    if filled > total { Err(Failure::Malformed) } else { Ok(head) }
}

/// How many items of a batch were done; none when the response is longer than the buffer.
fn done(buffer: &[u8], head: &response::Head) -> usize {
    let body = buffer.get(head.head_bytes..head.head_bytes + head.body_bytes).unwrap_or_default();
    str::from_utf8(body).map_or(0, |body| body.matches(DONE).count())
}

async fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize, Failure> {
    match stream.read(buffer).await {
        Ok(0) => Err(Failure::Closed),
        Ok(count) => Ok(count),
        Err(_) => Err(Failure::Broken),
    }
}
