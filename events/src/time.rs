//! Moments in time, to the microsecond.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::digits::Digits;

/// A moment in UTC, in microseconds since 1970-01-01. JSON: RFC 3339 with six decimals and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// The text is not an RFC 3339 moment between the years 0001 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date-time such as 2026-11-21T09:30:00Z")]
pub struct TimeError;

impl Time {
    /// A moment by microseconds since 1970; out-of-range values stop at the nearest end.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        // The last fraction of a second before jiff's end is no moment to jiff in microseconds.
        let end = jiff::Timestamp::MAX.as_second() * 1_000_000;
        Self(micros.clamp(jiff::Timestamp::MIN.as_microsecond(), end))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This moment moved by so many microseconds.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::from_micros(timestamp.as_microsecond())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits().ok_or(fmt::Error)?.as_str())
    }
}

impl Time {
    /// Such as `2026-11-21T09:30:00.123456Z`, with two digits more and a sign for years before 0; none beyond the years
    /// that jiff knows.
    fn digits(self) -> Option<Digits> {
        let timestamp = jiff::Timestamp::from_microsecond(self.0).ok()?;
        let at = jiff::tz::Offset::UTC.to_datetime(timestamp);
        let mut digits = Digits::new();
        let mut part = |mark: u8, number: u64, places: usize| {
            digits.mark(mark);
            digits.number(number, places);
        };
        part(b'Z', self.0.rem_euclid(1_000_000).unsigned_abs(), 6);
        part(b'.', at.second().unsigned_abs().into(), 2);
        part(b':', at.minute().unsigned_abs().into(), 2);
        part(b':', at.hour().unsigned_abs().into(), 2);
        part(b'T', at.day().unsigned_abs().into(), 2);
        part(b'-', at.month().unsigned_abs().into(), 2);
        part(b'-', at.year().unsigned_abs().into(), if at.year() < 0 { 6 } else { 4 });
        if at.year() < 0 {
            digits.mark(b'-');
        }
        Some(digits)
    }
}

impl FromStr for Time {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        match Self::written(text) {
            Some(time) => Ok(time),
            None => text.parse::<jiff::Timestamp>().map(Self::from).map_err(|_| TimeError),
        }
    }
}

impl Time {
    /// Reads the form that `Display` writes, such as `2026-11-21T09:30:00.123456Z`; a replay reads one
    /// an event. `None` for other forms, for leap seconds and for the last year, which ends early.
    fn written(text: &str) -> Option<Self> {
        let text: &[u8; 27] = text.as_bytes().try_into().ok()?;
        let marks = [text[4], text[7], text[10], text[13], text[16], text[19], text[26]];
        if marks != *b"--T::.Z" {
            return None;
        }
        let number = |from: usize, to: usize| {
            text[from..to].iter().try_fold(0_i64, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
            })
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..9_999).contains(&year) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()?;
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self(seconds * 1_000_000 + number(20, 26)?))
    }
}

/// Days from 1970-01-01 to this date, by years that begin in March and so end with the leap day.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.digits().ok_or_else(|| ser::Error::custom("a time beyond the calendar"))?;
        serializer.serialize_str(digits.as_str())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 date-time")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_microseconds_and_nothing_finer() {
        let time: Time = "2026-11-21T09:30:00.123456789Z".parse().expect("a time");
        assert_eq!(time.to_string(), "2026-11-21T09:30:00.123456Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!("1970-01-01T02:00:00+02:00".parse(), Ok(Time::from_micros(0)));
        for end in [Time::from_micros(i64::MAX), Time::from(jiff::Timestamp::MAX)] {
            assert_eq!(end.to_string(), "9999-12-30T22:00:00.000000Z");
            assert_eq!(end.plus_micros(1), end);
        }
        assert_eq!("yesterday".parse::<Time>(), Err(TimeError));
    }

    #[test]
    fn every_time_is_written_as_the_calendar_says() {
        let (first, last) = (jiff::Timestamp::MIN.as_microsecond(), jiff::Timestamp::MAX.as_microsecond());
        // A little less than a month at a time, so that every part takes many values.
        for micros in (first..last).step_by(2_512_345_678_901).chain([-1, 0, 1]) {
            let timestamp = jiff::Timestamp::from_microsecond(micros).expect("a timestamp");
            assert_eq!(Time::from_micros(micros).to_string(), format!("{timestamp:.6}"));
        }
    }

    #[test]
    fn the_written_form_is_read_as_every_other_form() {
        // Every day of four centuries, so every leap rule, and the days that are none.
        for year in 1_850..2_251 {
            for (month, day) in (1..14).flat_map(|month| (0..33).map(move |day| (month, day))) {
                let text = format!("{year:04}-{month:02}-{day:02}T23:59:58.000001Z");
                let otherwise = text.parse::<jiff::Timestamp>().ok().map(Time::from);
                assert_eq!(text.parse().ok(), otherwise, "{text}");
                assert_eq!(Time::written(&text), otherwise, "{text}");
            }
        }
        for text in [
            "0001-01-01T00:00:00.000000Z",
            "0000-02-29T00:00:00.000000Z",
            "9998-12-31T23:59:59.999999Z",
            "9999-12-30T22:00:00.999999Z",
            "9999-12-31T23:59:59.999999Z",
            "2016-12-31T23:59:60.000000Z",
            "2026-11-21T24:00:00.000000Z",
            "2026-11-21T09:60:00.000000Z",
            "2026-11-21T09:30:00.00000-Z",
            "2026-11-21 09:30:00.000000Z",
        ] {
            assert_eq!(text.parse().ok(), text.parse::<jiff::Timestamp>().ok().map(Time::from), "{text}");
        }
    }
}
