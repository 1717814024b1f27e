//! What a manager holds and when it must ask: no clock and no network in here.

use std::time::Duration;

use futures::future::{BoxFuture, Shared};

use super::exchange::{AccessToken, Granted, TokenError};

/// One request that all who wait share.
pub(super) type Flight = Shared<BoxFuture<'static, Result<AccessToken, TokenError>>>;

/// Between two attempts while no token is good.
const PAUSE_WITHOUT: Duration = Duration::from_secs(1);
/// Between two attempts while the old token is still good.
const PAUSE_WITH: Duration = Duration::from_secs(10);
/// A token that is rejected sooner after it was issued is not to blame: it isn't renewed for that.
const REJECTED_TOO_YOUNG: Duration = Duration::from_secs(5);

/// A token and its times, all on the monotonic clock.
#[derive(Debug)]
struct Held {
    token: AccessToken,
    asked: Duration,
    due: Duration,
    end: Duration,
}

#[derive(Debug)]
struct Failed {
    at: Duration,
    error: TokenError,
}

/// What is known, and the request that is out.
#[derive(Debug, Default)]
pub(super) struct State {
    held: Option<Held>,
    failed: Option<Failed>,
    pub(super) flight: Option<Flight>,
}

/// What to do for somebody who wants a token.
#[derive(Debug)]
pub(super) enum Step {
    /// Take this one.
    Take(AccessToken),
    /// Take this one; somebody must ask for the next.
    TakeAndAsk(AccessToken),
    /// Wait for a new one.
    Wait,
    /// It failed just now, and is not tried again yet.
    Fail(TokenError),
}

impl State {
    pub(super) fn step(&self, now: Duration) -> Step {
        let good = self.held.as_ref().filter(|held| now < held.end);
        let pause = if good.is_some() { PAUSE_WITH } else { PAUSE_WITHOUT };
        let failed = self.failed.as_ref().filter(|failed| now < failed.at + pause);
        match (good, failed) {
            (Some(held), None) if now >= held.due => Step::TakeAndAsk(held.token.clone()),
            (Some(held), _) => Step::Take(held.token.clone()),
            (None, Some(failed)) if self.flight.is_none() => Step::Fail(failed.error.clone()),
            (None, _) => Step::Wait,
        }
    }

    /// The same for somebody whose token a server rejected; none when a new one would not help.
    pub(super) fn step_without(&self, rejected: &AccessToken, now: Duration) -> Option<Step> {
        match &self.held {
            Some(held) if held.token != *rejected => Some(self.step(now)),
            Some(held) if now < held.asked + REJECTED_TOO_YOUNG => None,
            Some(_) | None => Some(Step::Wait),
        }
    }

    /// A request that went out at `asked` has its answer. It is renewed after `permille` thousandths of
    /// its lifetime. A failure leaves the old token where it is.
    pub(super) fn land(
        &mut self,
        asked: Duration,
        now: Duration,
        permille: u32,
        answer: Result<Granted, TokenError>,
    ) -> Result<AccessToken, TokenError> {
        self.flight = None;
        match answer {
            Ok(Granted { token, lifetime }) => {
                self.failed = None;
                let due = asked + lifetime * permille / 1_000;
                // A little sooner than the server: the request with it takes time, too.
                let end = asked + lifetime - lifetime / 50;
                self.held = Some(Held { token: token.clone(), asked, due, end });
                Ok(token)
            }
            Err(error) => {
                self.failed = Some(Failed { at: now, error: error.clone() });
                Err(error)
            }
        }
    }
}
