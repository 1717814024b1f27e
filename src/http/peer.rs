//! The internal listener: other processes of the cluster hand commands and facts to the writer here. It
//! has its own socket and its own credential, and is no part of the public API.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode, header},
};
use events::LedgerId;
use http_body_util::{BodyExt, Limited};
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    HttpOptions,
    server::{Answers, accept},
};
use crate::{
    cluster::{
        PeerToken, Router,
        wire::{Answered, BODY_BYTES_MAX, NOT_THE_WRITER, Noted, Posted, PostedFact},
    },
    engine::{Ask, Stored},
    identity::Identity,
};

/// Processes of a cluster are few, and each has a handful of requests under way.
const CONNECTIONS_MAX: usize = 256;

/// Answers the other processes. Clones share it.
#[derive(Clone)]
pub struct PeerApi(Arc<Parts>);

struct Parts {
    ledgers: Vec<PeerLedger>,
    token: PeerToken,
    body_read_max: Duration,
    /// Requests without the cluster's secret.
    strangers: AtomicU64,
}

/// A ledger that this process writes now and then.
#[derive(Debug, Clone)]
pub struct PeerLedger {
    /// Its id.
    pub ledger: LedgerId,
    /// Knows whether this process writes it.
    pub router: Arc<Router>,
    /// Knows who may call.
    pub identity: Identity,
}

impl PeerApi {
    /// Answers whoever presents `token` for those of the ledgers that this process writes.
    #[must_use]
    pub fn new(ledgers: Vec<PeerLedger>, token: PeerToken) -> Self {
        let body_read_max = HttpOptions::default().body_read_max;
        Self(Arc::new(Parts { ledgers, token, body_read_max, strangers: AtomicU64::new(0) }))
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let parts = &*self.0;
        let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if !bearer.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|text| parts.token.is(text)) {
            parts.stranger();
            return status(StatusCode::UNAUTHORIZED);
        }
        let (head, body) = request.into_parts();
        let Some((ledger, posted)) = Posted::parse(head.uri.path()) else {
            return status(StatusCode::NOT_FOUND);
        };
        let served = parts.ledgers.iter().find(|served| served.ledger == ledger);
        if head.method != Method::POST {
            return status(StatusCode::METHOD_NOT_ALLOWED);
        }
        // Who started before the ledger was added does not write it either.
        let Some(served) = served.filter(|served| served.router.here().is_some()) else {
            return not_the_writer();
        };
        let collected = Limited::new(body, BODY_BYTES_MAX).collect();
        let body = match tokio::time::timeout(parts.body_read_max, collected).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return status(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return status(StatusCode::REQUEST_TIMEOUT),
        };
        match posted {
            Posted::Commands => served.commands(&body).await,
            Posted::Fact => served.clone().fact(&body).await,
        }
    }
}

impl PeerLedger {
    /// A fact that was taken is recorded and applied, whether its sender waits or not.
    async fn fact(self, body: &Bytes) -> Response<Body> {
        let Some(PostedFact { fact, since }) = read(body) else { return status(StatusCode::BAD_REQUEST) };
        let noted = tokio::spawn(async move {
            let here = self.router.here()?;
            let earlier = self.router.recorded(fact.id, since);
            let noted: Noted =
                self.identity.admit(fact, earlier, async |fact| here.record(fact).await).await.map(Stored);
            Some(noted)
        });
        match noted.await {
            Ok(Some(noted)) => json(&noted),
            Ok(None) => not_the_writer(),
            Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn commands(&self, body: &Bytes) -> Response<Body> {
        let Some(asks) = read::<Vec<Ask>>(body) else { return status(StatusCode::BAD_REQUEST) };
        match self.router.here() {
            Some(here) => {
                let answers: Vec<Answered> = here.ask(asks).await;
                json(&answers)
            }
            None => not_the_writer(),
        }
    }
}

impl Parts {
    /// Logs the 1st, 2nd, 4th, 8th … request without the secret: whoever sends one sends many.
    fn stranger(&self) {
        // A mere count, so no order is needed.
        let so_far = self.strangers.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far.is_power_of_two() {
            tracing::warn!(so_far, "requests without the cluster's secret come to the internal listener");
        }
    }
}

impl Answers for PeerApi {
    fn respond(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send {
        self.answer(request)
    }
}

impl fmt::Debug for PeerApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerApi")
    }
}

/// Serves until `stop` is cancelled, then lets what is in flight be answered for at most `drain_max`.
pub async fn serve(listener: TcpListener, api: PeerApi, drain_max: Duration, stop: CancellationToken) {
    let options = HttpOptions { connections_max: CONNECTIONS_MAX, drain_max, ..HttpOptions::default() };
    accept(listener, api, &options, &stop).await;
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Option<T> {
    let read = serde_json::from_slice(body);
    read.inspect_err(|error| tracing::error!(%error, "another process sent what cannot be read")).ok()
}

fn json<T: Serialize>(answer: &T) -> Response<Body> {
    match serde_json::to_vec(answer) {
        Ok(text) => Response::new(text.into()),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be sent");
            status(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn not_the_writer() -> Response<Body> {
    status(StatusCode::from_u16(NOT_THE_WRITER).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
