//! The tokens of this service.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt;
use reqwest::{RequestBuilder, Response, StatusCode};

use super::{
    clock::{Clock, SystemClock},
    exchange::{self, AccessToken, TokenError},
    service::ServiceClient,
    state::{Flight, State, Step},
};

/// Keeps a token at hand for calls that this service makes as itself.
///
/// - **One request** at a time, whoever asks meanwhile shares it.
/// - **In time**: a new token is got at 80 % of the old one's life, give or take 5 % so that many
///   processes spread, measured by `expires_in` on a clock that nobody sets; callers don't wait for it.
/// - **Failures** leave the old token in use while it lives; another attempt follows after a pause.
/// - **401**: [`send`](Self::send) gets a new token and tries once more.
///
/// Clones share everything. Must be used within a tokio runtime.
#[derive(Clone)]
pub struct ServiceTokenManager(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    service: ServiceClient,
    clock: Arc<dyn Clock>,
    draw: Box<dyn Fn() -> u32 + Send + Sync>,
    state: Mutex<State>,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no token for it.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It got no answer.
    #[error("no answer: {0}")]
    Request(#[from] reqwest::Error),
}

impl ServiceTokenManager {
    /// Asks through this client, which brings time-outs and TLS and should follow no redirects. Nothing
    /// is asked before a token is wanted.
    #[must_use]
    pub fn new(http: reqwest::Client, service: ServiceClient) -> Self {
        let draw = || {
            // A new hasher has a new random key: enough to spread processes.
            u32::try_from(RandomState::new().build_hasher().finish() % (1 << 16)).unwrap_or_default()
        };
        Self::with_clock(http, service, Arc::new(SystemClock::default()), draw)
    }

    /// The same with a clock, and random numbers for the jitter.
    #[must_use]
    pub fn with_clock(
        http: reqwest::Client,
        service: ServiceClient,
        clock: Arc<dyn Clock>,
        draw: impl Fn() -> u32 + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { http, service, clock, draw: Box::new(draw), state: Mutex::default() }))
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// When there is none, and the server gives none. Right after a failure it is not asked again.
    pub async fn token(&self) -> Result<AccessToken, TokenError> {
        let waiting = {
            let mut state = self.0.state();
            match state.step(self.0.clock.monotonic()) {
                Step::Take(token) => return Ok(token),
                Step::Fail(error) => return Err(error),
                Step::TakeAndAsk(token) => {
                    drop(self.flight(&mut state));
                    return Ok(token);
                }
                Step::Wait => self.flight(&mut state),
            }
        };
        waiting.await
    }

    /// Sends a request with a token; when it is answered with 401, once more with a new one. A body
    /// that can't be repeated is sent once.
    ///
    /// # Errors
    /// When there is no token, or no answer. Any status is an answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, SendError> {
        let again = request.try_clone();
        let token = self.token().await?;
        let response = request.bearer_auth(token.as_str()).send().await?;
        let Some(again) = again.filter(|_| response.status() == StatusCode::UNAUTHORIZED) else {
            return Ok(response);
        };
        match self.renewed(&token).await {
            Some(Ok(token)) => Ok(again.bearer_auth(token.as_str()).send().await?),
            // The server's own words say more than ours.
            Some(Err(_)) | None => Ok(response),
        }
    }

    /// A token other than the rejected one; none when a new one would not help.
    async fn renewed(&self, rejected: &AccessToken) -> Option<Result<AccessToken, TokenError>> {
        let waiting = {
            let mut state = self.0.state();
            match state.step_without(rejected, self.0.clock.monotonic())? {
                Step::Take(token) | Step::TakeAndAsk(token) => return Some(Ok(token)),
                Step::Fail(error) => return Some(Err(error)),
                Step::Wait => self.flight(&mut state),
            }
        };
        Some(waiting.await)
    }

    /// The request that is out, or a new one. It goes on when nobody waits for it any more.
    fn flight(&self, state: &mut State) -> Flight {
        let start = || {
            let inner = Arc::clone(&self.0);
            let task = tokio::spawn(async move { inner.ask().await });
            async move { task.await.unwrap_or(Err(TokenError::Abandoned)) }.boxed().shared()
        };
        state.flight.get_or_insert_with(start).clone()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self) -> Result<AccessToken, TokenError> {
        let asked = self.clock.monotonic();
        let answer = exchange::ask(&self.http, &self.service).await;
        if let Err(error) = &answer {
            tracing::warn!(client = %self.service.id, %error, "no service token");
        }
        let permille = 750 + (self.draw)() % 101;
        self.state().land(asked, self.clock.monotonic(), permille, answer)
    }
}

impl fmt::Debug for ServiceTokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokenManager").field("service", &self.0.service).finish_non_exhaustive()
    }
}
