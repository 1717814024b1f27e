//! Fields of requests: texts that borrow from the body, and amounts that are never rounded.

use std::{borrow::Cow, fmt};

use events::{Credits, CreditsError, Time, TimeError};
use ledger::{Amount, Expiry};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::http::problem::{Code, Problem};

/// A hundred years: a longer expiry is a slip of the pen.
pub(in crate::http) const EXPIRY_SECONDS_MAX: i64 = 100 * 366 * 24 * 60 * 60;

/// A text, borrowed from the body when it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Text<'a>(Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Either).map(Self)
    }
}

/// A text of 1 to `chars_max` characters, none of them a control character.
pub(in crate::http) fn short_text(
    name: &str,
    text: &Text<'_>,
    chars_max: usize,
) -> Result<Box<str>, Problem> {
    let text = text.as_ref();
    let fits = !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control);
    let detail = || {
        Problem::bad_request(format!("`{name}` has 1 to {chars_max} characters and no control characters"))
    };
    if fits { Ok(text.into()) } else { Err(detail()) }
}

/// An amount of credits as it stands in the body.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in crate::http) struct AmountField<'a>(#[serde(borrow)] &'a RawValue);

impl AmountField<'_> {
    /// The amount above zero in a decimal string.
    pub(in crate::http) fn parse(&self) -> Result<Amount, Problem> {
        let text = self.string().ok_or_else(|| self.no_string())?;
        positive(text.as_ref(), text.as_ref().parse())
    }

    /// The amount above zero in a JSON number, whose text is read exactly, or in a decimal string.
    pub(in crate::http) fn parse_number(&self) -> Result<Amount, Problem> {
        match self.string() {
            Some(text) => positive(text.as_ref(), text.as_ref().parse()),
            None => positive(self.shown(), Credits::from_number_text(self.0.get())),
        }
    }

    /// The amount of at least zero in a decimal string.
    pub(in crate::http) fn parse_from_zero(&self) -> Result<Credits, Problem> {
        let (credits, shown) = self.parse_signed()?;
        let below = credits < Credits::ZERO;
        if below { Err(invalid(format!("`{shown}` is below zero"))) } else { Ok(credits) }
    }

    /// The amount above or below zero in a decimal string.
    pub(in crate::http) fn parse_nonzero(&self) -> Result<Credits, Problem> {
        let (credits, shown) = self.parse_signed()?;
        if credits.is_zero() {
            Err(invalid(format!("`{shown}` is neither above nor below zero")))
        } else {
            Ok(credits)
        }
    }

    /// Whether the field says `null`.
    pub(in crate::http) fn is_null(&self) -> bool {
        self.0.get() == "null"
    }

    fn parse_signed(&self) -> Result<(Credits, &str), Problem> {
        let text = self.string().ok_or_else(|| self.no_string())?;
        let credits = text.as_ref().parse().map_err(|error| unreadable(short(text.as_ref()), error))?;
        Ok((credits, self.shown()))
    }

    fn no_string(&self) -> Problem {
        invalid(format!("write the amount as a decimal string, such as \"12.5\", not as {}", self.shown()))
    }

    fn string(&self) -> Option<Text<'_>> {
        serde_json::from_str(self.0.get()).ok()
    }

    /// The JSON text, when it is short enough to be shown.
    fn shown(&self) -> &str {
        let text = self.0.get();
        if text.len() <= 40 { text } else { "something else" }
    }
}

fn positive(text: &str, parsed: Result<Credits, CreditsError>) -> Result<Amount, Problem> {
    let shown = short(text);
    let credits = parsed.map_err(|error| unreadable(shown, error))?;
    Amount::new(credits).ok_or_else(|| invalid(format!("`{shown}` is not above zero")))
}

/// The text, when it is short enough to be shown.
fn short(text: &str) -> &str {
    if text.len() <= 40 { text } else { "the amount" }
}

/// The problem with a text that is no amount.
pub(super) fn unreadable(shown: &str, error: CreditsError) -> Problem {
    invalid(match error {
        CreditsError::NotANumber => format!("`{shown}` is not a decimal number"),
        CreditsError::TooPrecise => format!("`{shown}` has more than six decimals"),
        CreditsError::OutOfRange => format!("`{shown}` is more than the ledger can hold"),
    })
}

pub(super) fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidAmount, detail)
}

/// An amount of money: a decimal string, not negative, that reports can count: they hold money as
/// they hold credits.
pub(in crate::http) fn decimal(name: &str, text: &Text<'_>) -> Result<Decimal, Problem> {
    let countable = text.as_ref().parse::<Credits>().is_ok_and(|amount| amount >= Credits::ZERO);
    let parsed = Decimal::from_str_exact(text.as_ref()).ok().filter(|_| countable);
    parsed.ok_or_else(|| {
        Problem::bad_request(format!(
            "`{name}` is no decimal number from 0 to 9223372036854.775807 with at most six places"
        ))
    })
}

/// When a lot expires, by whichever of the two fields was sent.
pub(in crate::http) fn expiry(
    at: Option<&Text<'_>>,
    in_seconds: Option<i64>,
) -> Result<Option<Expiry>, Problem> {
    match (at, in_seconds) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("send `expires_at` or `expires_in_seconds`, not both"))
        }
        (Some(at), None) => moment("expires_at", at).map(|time| Some(Expiry::At(time))),
        (None, Some(seconds)) => interval("expires_in_seconds", seconds, EXPIRY_SECONDS_MAX)
            .map(|micros| Some(Expiry::After(micros))),
    }
}

/// An interval of 1 to `max` seconds, in microseconds.
pub(in crate::http) fn interval(name: &str, seconds: i64, max: i64) -> Result<i64, Problem> {
    let fits = (1..=max).contains(&seconds);
    let problem = || Problem::bad_request(format!("`{name}` is 1 to {max}"));
    if fits { Ok(seconds * 1_000_000) } else { Err(problem()) }
}

/// A moment as RFC 3339 writes it.
pub(in crate::http) fn moment(name: &str, text: &Text<'_>) -> Result<Time, Problem> {
    text.as_ref().parse().map_err(|error: TimeError| Problem::bad_request(format!("`{name}` is {error}")))
}

/// Reads a field that is there, be it `null`, so that it differs from one that is not.
pub(in crate::http) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A number of seconds to wait, from a query: `default` when absent, at most `max`.
pub(in crate::http) fn seconds(asked: Option<u32>, default: u32, max: u32) -> std::time::Duration {
    std::time::Duration::from_secs(asked.unwrap_or(default).min(max).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> AmountField<'_> {
        serde_json::from_str(json).expect("JSON")
    }

    #[test]
    fn native_amounts_are_decimal_strings() {
        let amount = field("\"12.5\"").parse().expect("an amount");
        assert_eq!(amount.credits(), Credits::from_micros(12_500_000));
        let wrong = [
            "12.5",
            "1",
            "null",
            "true",
            "{}",
            "[\"1\"]",
            "\"\"",
            "\"NaN\"",
            "\"-1\"",
            "\"0\"",
            "\"0.0000001\"",
            "\"1e3\"",
            "\"9223372036854.775808\"",
            "\" 1\"",
        ];
        for json in wrong {
            let problem = field(json).parse().expect_err(json);
            assert_eq!(problem.code, Code::InvalidAmount, "{json}");
        }
    }

    #[test]
    fn compatible_amounts_are_numbers_read_exactly() {
        for (json, micros) in
            [("30", 30_000_000), ("0.1", 100_000), ("3e1", 30_000_000), ("\"0.5\"", 500_000)]
        {
            let amount = field(json).parse_number().expect("an amount");
            assert_eq!(amount.credits(), Credits::from_micros(micros), "{json}");
        }
        for json in ["0", "-0", "-1", "0.1234567", "1e20", "null", "true", "[]", "\"NaN\""] {
            let problem = field(json).parse_number().expect_err(json);
            assert_eq!(problem.code, Code::InvalidAmount, "{json}");
        }
    }

    #[test]
    fn some_amounts_may_be_zero_or_below_it() {
        let credits = Credits::from_micros;
        assert_eq!(field("\"0\"").parse_from_zero().expect("an amount"), credits(0));
        assert_eq!(field("\"-0.5\"").parse_nonzero().expect("an amount"), credits(-500_000));
        for problem in
            [field("\"-0.5\"").parse_from_zero(), field("\"0\"").parse_nonzero(), field("5").parse_nonzero()]
        {
            assert_eq!(problem.expect_err("a problem").code, Code::InvalidAmount);
        }
    }

    #[test]
    fn texts_are_borrowed_unless_escaped() {
        let plain: Text<'_> = serde_json::from_str("\"chat\"").expect("a text");
        assert!(matches!(plain.0, Cow::Borrowed("chat")));
        let escaped: Text<'_> = serde_json::from_str("\"a\\u0062\"").expect("a text");
        assert_eq!(escaped.as_ref(), "ab");
    }

    #[test]
    fn short_texts_are_short_and_printable() {
        assert!(short_text("service", &Text::from("é".repeat(128).as_str()), 128).is_ok());
        for bad in ["", "a\nb", &"x".repeat(129)] {
            assert!(short_text("service", &Text::from(bad), 128).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_expiry_is_a_moment_or_an_interval() {
        let at = Text::from("2027-01-01T00:00:00Z");
        assert_eq!(expiry(None, Some(60)).expect("an expiry"), Some(Expiry::After(60_000_000)));
        assert!(matches!(expiry(Some(&at), None), Ok(Some(Expiry::At(_)))));
        assert_eq!(expiry(None, None).expect("none"), None);
        for (at, seconds) in [(Some(&at), Some(1)), (None, Some(0)), (None, Some(-1)), (None, Some(i64::MAX))]
        {
            assert!(expiry(at, seconds).is_err(), "{seconds:?}");
        }
        assert!(expiry(Some(&Text::from("tomorrow")), None).is_err());
    }
}
