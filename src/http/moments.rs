//! Moments of the ledger that a read may ask about: positions, times and dates.

use std::{fmt, str::FromStr};

use events::{Position, Time};
use serde::{Deserialize, Deserializer, de};

use super::{
    app::Shared,
    positions::AtLeast,
    problem::{Code, Problem},
};
use crate::read::When;

/// A moment as a request names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// That of the event at this position.
    Position(Position),
    /// This time; a date is its midnight in UTC.
    Time(Time),
}

/// A time, or a date for its midnight in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Time);

/// The text names no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMoment;

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a position, an RFC 3339 time or a date such as 2026-11-21")
    }
}

impl FromStr for Instant {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let midnight = (text.len() == "2026-11-21".len()).then(|| format!("{text}T00:00:00Z"));
        midnight.as_deref().unwrap_or(text).parse().map(Self).map_err(|_| NoMoment)
    }
}

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(|number| Self::Position(Position(number))).map_err(|_| NoMoment);
        }
        text.parse().map(|Instant(time)| Self::Time(time))
    }
}

fn read<'de, D: Deserializer<'de>, T: FromStr<Err = NoMoment>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

/// The one moment that a query asks about, by whichever of two parameters was sent.
pub(super) fn asked(position: Option<u64>, time: Option<Instant>) -> Result<Option<Moment>, Problem> {
    match (position, time) {
        (Some(_), Some(_)) => Err(Problem::bad_request("send `at_position` or `at_time`, not both")),
        (Some(position), None) => Ok(Some(Moment::Position(Position(position)))),
        (None, time) => Ok(time.map(|Instant(time)| Moment::Time(time))),
    }
}

impl Shared {
    /// Right after a moment, what happened at it included. Waits until all of that can be read.
    pub(super) async fn just_after(&self, at: Moment, at_least: &AtLeast) -> Result<When, Problem> {
        let when = match at {
            Moment::Position(position) => {
                if position >= self.commands.head_beyond(position).await {
                    return Err(self.future(at));
                }
                When::Position(position.next())
            }
            Moment::Time(time) => {
                self.passed(time).await?.ok_or_else(|| self.future(at))?;
                When::Time(time.plus_micros(1))
            }
        };
        self.readable(when, at_least).await?;
        Ok(when)
    }

    /// The first moment of a period and the one after its last: from the first event, and to now, when
    /// absent. A period that ends in the future ends now. Waits until all of it can be read.
    pub(super) async fn period(
        &self,
        from: Option<Moment>,
        to: Option<Moment>,
        at_least: &AtLeast,
    ) -> Result<(When, When), Problem> {
        let (from, start) = self.beginning(from).await?;
        let now = || When::Position(*self.reads.checkpoint().borrow());
        let known = match to {
            Some(Moment::Position(position)) => self.commands.head_beyond(position).await,
            Some(Moment::Time(_)) | None => self.commands.head(),
        };
        let head = known.max(start);
        let (to, end) = match to {
            None => (None, head),
            Some(Moment::Position(position)) if position > head => (Some(When::Position(head)), head),
            Some(Moment::Position(position)) => (Some(When::Position(position)), position),
            Some(Moment::Time(time)) => match self.passed(time).await? {
                Some(position) => (Some(When::Time(time)), position),
                None => (Some(When::Position(head)), head),
            },
        };
        let turned = match (from, to) {
            (When::Time(from), Some(When::Time(to))) => to < from,
            _ => end < start,
        };
        if turned {
            return Err(Problem::bad_request("`from` lies after `to`"));
        }
        self.readable(to.unwrap_or(from), at_least).await?;
        Ok((from, to.unwrap_or_else(now)))
    }

    /// The first moment of a period, and the position of the first event in it.
    async fn beginning(&self, from: Option<Moment>) -> Result<(When, Position), Problem> {
        match from {
            None => Ok((When::Position(Position(0)), Position(0))),
            Some(at @ Moment::Position(position)) => {
                let head = self.commands.head_beyond(position).await;
                if position > head { Err(self.future(at)) } else { Ok((When::Position(position), position)) }
            }
            Some(at @ Moment::Time(time)) => {
                let position = self.passed(time).await?.ok_or_else(|| self.future(at))?;
                Ok((When::Time(time), position))
            }
        }
    }

    /// The position of the first event at or after a time; none when the time has not come. Stamps may
    /// run ahead of the clock, so the last of them counts as well.
    async fn passed(&self, time: Time) -> Result<Option<Position>, Problem> {
        let position = self.reads.position_at(time).await?;
        let come = time <= self.clock.now() || position < self.commands.head();
        Ok(come.then_some(position))
    }

    /// Waits until everything before a moment, and what the caller must see, can be read.
    async fn readable(&self, before: When, at_least: &AtLeast) -> Result<(), Problem> {
        let end = match before {
            When::Position(position) => position,
            When::Time(time) => self.reads.position_at(time).await?,
        };
        let last = end.get().checked_sub(1);
        self.reached(&AtLeast { min_position: last.max(at_least.min_position), wait: at_least.wait }).await
    }

    fn future(&self, at: Moment) -> Problem {
        let head = self.commands.head();
        let detail = match at {
            Moment::Position(position) => {
                format!("position {position} has not happened: the ledger has {head} events")
            }
            Moment::Time(time) => format!("{time} has not come"),
        };
        Problem::new(Code::NotYetHappened, detail).with("head", head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_a_time_or_a_date() {
        let time = |text: &str| Moment::Time(text.parse().expect("a time"));
        for (text, moment) in [
            ("0", Moment::Position(Position(0))),
            ("18446744073709551615", Moment::Position(Position(u64::MAX))),
            ("2026-11-21", time("2026-11-21T00:00:00Z")),
            ("2026-11-21T10:30:00.5+01:00", time("2026-11-21T09:30:00.5Z")),
        ] {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
        for text in
            ["", "-1", "1.5", "now", "2026-11", "2026-13-01", "2026-02-30", "18446744073709551616", "+1"]
        {
            assert_eq!(text.parse::<Moment>(), Err(NoMoment), "{text}");
        }
        assert!("42".parse::<Instant>().is_err());
    }
}
