//! The periods over which spending is capped.

use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Time;

/// Over which time a cap counts: calendar days and months in UTC, or all time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    Day,
    /// A month.
    Month,
    /// For ever.
    Total,
}

impl Period {
    /// When the period that contains `time` began.
    #[must_use]
    pub fn start(self, time: Time) -> Time {
        match self {
            Self::Day => {
                let micros = time.micros();
                Time::from_micros(micros - micros.rem_euclid(86_400_000_000))
            }
            Self::Month => {
                let stamp = Timestamp::from_microsecond(time.micros()).unwrap_or_default();
                let date = stamp.to_zoned(TimeZone::UTC).date().first_of_month();
                date.to_zoned(TimeZone::UTC).map_or(time, |first| Time::from(first.timestamp()))
            }
            Self::Total => Time::from_micros(i64::MIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_midnight_in_utc() {
        let time: Time = "2024-02-29T23:59:59.999999Z".parse().expect("a time");
        let start = |period: Period| period.start(time).to_string();
        assert_eq!(start(Period::Day), "2024-02-29T00:00:00.000000Z");
        assert_eq!(start(Period::Month), "2024-02-01T00:00:00.000000Z");
        assert_eq!(Period::Day.start(Period::Day.start(time)), Period::Day.start(time));
        let before_1970: Time = "1969-12-31T12:00:00Z".parse().expect("a time");
        assert_eq!(Period::Day.start(before_1970).to_string(), "1969-12-31T00:00:00.000000Z");
    }
}
