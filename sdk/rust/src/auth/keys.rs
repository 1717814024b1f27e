//! The server's keys, remembered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::signature::ParsedPublicKey;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use reqwest::header::CACHE_CONTROL;

use super::{body::bounded, clock::Clock, jwks::KeySet, verifier::TokenFault};

/// A name that isn't known makes us look at most this often, however many names there are.
const COOLDOWN: Duration = Duration::from_secs(30);
/// As long as there is no key at all.
const COOLDOWN_WITHOUT: Duration = Duration::from_secs(1);
/// A name that the server doesn't know either is not looked for again so soon.
const ABSENT: Duration = Duration::from_secs(300);
const ABSENT_MAX: usize = 1_000;
/// How long keys are fresh, unless the server says otherwise.
const FRESH: Duration = Duration::from_secs(300);
/// Keys older than this are used no more when the server is away.
const STALE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

type Flight = Shared<BoxFuture<'static, ()>>;

/// Where keys come from, and those that came.
pub(super) struct Keys {
    http: reqwest::Client,
    url: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    set: KeySet,
    /// When the set came, and how long it is fresh.
    came: Option<(Duration, Duration)>,
    /// When a look was last begun.
    looked: Option<Duration>,
    failed: bool,
    absent: HashMap<String, Duration>,
    flight: Option<Flight>,
}

impl State {
    fn age(&self, now: Duration) -> Option<Duration> {
        self.came.map(|(came, _)| now.saturating_sub(came)).filter(|age| *age < STALE_MAX)
    }

    fn is_fresh(&self, now: Duration) -> bool {
        self.came.zip(self.age(now)).is_some_and(|((_, fresh), age)| age < fresh)
    }

    fn may_look(&self, now: Duration) -> bool {
        let cooldown = if self.age(now).is_some() { COOLDOWN } else { COOLDOWN_WITHOUT };
        self.looked.is_none_or(|looked| now.saturating_sub(looked) >= cooldown)
    }

    fn get(&self, kid: &str, now: Duration) -> Option<Arc<ParsedPublicKey>> {
        self.age(now).and_then(|_| self.set.get(kid))
    }

    /// The server was asked, or can't be asked yet, and the name isn't known.
    fn missing(&self, now: Duration) -> TokenFault {
        if self.failed || self.age(now).is_none() { TokenFault::Unavailable } else { TokenFault::UnknownKey }
    }

    fn is_absent(&self, kid: &str, now: Duration) -> bool {
        self.absent.get(kid).is_some_and(|since| now.saturating_sub(*since) < ABSENT)
    }

    fn remember_absent(&mut self, kid: &str, now: Duration) {
        if self.failed || self.came.is_none() {
            return;
        }
        if self.absent.len() >= ABSENT_MAX {
            self.absent.clear();
        }
        self.absent.insert(kid.to_owned(), now);
    }
}

impl Keys {
    pub(super) fn new(http: reqwest::Client, url: String, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { http, url, clock, state: Mutex::default() })
    }

    /// The key of this name. Old keys are renewed meanwhile, and used as long as the server is away.
    pub(super) async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<ParsedPublicKey>, TokenFault> {
        let flight = {
            let now = self.clock.monotonic();
            let mut state = self.state();
            if let Some(key) = state.get(kid, now) {
                if !state.is_fresh(now) {
                    self.look(&mut state, now);
                }
                return Ok(key);
            }
            if state.is_absent(kid, now) {
                return Err(TokenFault::UnknownKey);
            }
            self.look(&mut state, now).ok_or_else(|| state.missing(now))?
        };
        flight.await;
        let now = self.clock.monotonic();
        let mut state = self.state();
        if let Some(key) = state.get(kid, now) {
            return Ok(key);
        }
        state.remember_absent(kid, now);
        Err(state.missing(now))
    }

    /// The look that is under way, or a new one if it may be.
    fn look(self: &Arc<Self>, state: &mut State, now: Duration) -> Option<Flight> {
        if state.flight.is_none() && state.may_look(now) {
            state.looked = Some(now);
            let keys = Arc::clone(self);
            let task = tokio::spawn(async move { keys.fetch().await });
            state.flight = Some(async move { task.await.unwrap_or_default() }.boxed().shared());
        }
        state.flight.clone()
    }

    async fn fetch(&self) {
        let answer = self.ask().await;
        let now = self.clock.monotonic();
        let mut state = self.state();
        state.flight = None;
        state.failed = answer.is_err();
        match answer {
            Ok((set, fresh)) => {
                tracing::debug!(keys = ?set, url = %self.url, "keys read");
                state.set = set;
                state.came = Some((now, fresh));
            }
            Err(reason) => tracing::warn!(%reason, url = %self.url, "no keys"),
        }
    }

    async fn ask(&self) -> Result<(KeySet, Duration), String> {
        let response =
            self.http.get(&self.url).send().await.map_err(|error| error.without_url().to_string())?;
        if !response.status().is_success() {
            return Err(format!("the server answered {}", response.status()));
        }
        let control = response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
        let fresh = control.and_then(max_age).unwrap_or(FRESH).clamp(COOLDOWN, STALE_MAX);
        let body = bounded(response, DOCUMENT_BYTES_MAX).await.map_err(|error| error.to_string())?;
        let set = body.and_then(|body| KeySet::read(&body)).ok_or("the answer is no set of keys")?;
        Ok((set, fresh))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn max_age(control: &str) -> Option<Duration> {
    let age = control.split(',').find_map(|one| one.trim().strip_prefix("max-age="))?;
    age.parse().ok().map(Duration::from_secs)
}
