//! Amounts of credits: exact decimals with six places, held as `i64` micro-credits.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digits::Digits;

/// Micro-credits in one credit.
const SCALE: i64 = 1_000_000;
/// Decimal places of a credit.
const PLACES: usize = 6;

/// An amount of credits, from -9,223,372,036,854.775808 to 9,223,372,036,854.775807.
///
/// Written everywhere as a decimal string without an exponent and without needless zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Credits(i64);

/// Why a text or number is not an amount of credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditsError {
    /// Not a plain decimal number such as `12` or `0.25`.
    #[error("not a decimal number")]
    NotANumber,
    /// More than six decimal places.
    #[error("more than six decimal places")]
    TooPrecise,
    /// Outside the range of [`Credits`].
    #[error("outside the range of an amount of credits")]
    OutOfRange,
}

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount given in micro-credits.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The amount in micro-credits.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The sum, or `None` beyond the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` beyond the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Parses the text of a JSON number, exponents included (`3e1`, `0.25`), exactly.
    ///
    /// # Errors
    /// As [`CreditsError`] says; nothing is ever rounded.
    pub fn from_number_text(text: &str) -> Result<Self, CreditsError> {
        if let Ok(plain) = text.parse() {
            return Ok(plain);
        }
        let decimal = Decimal::from_scientific(text)
            .or_else(|_| Decimal::from_str_exact(text))
            .map_err(|_| text.parse::<Self>().err().unwrap_or(CreditsError::NotANumber))?;
        decimal.try_into()
    }
}

impl TryFrom<Decimal> for Credits {
    type Error = CreditsError;

    fn try_from(decimal: Decimal) -> Result<Self, CreditsError> {
        let exact = decimal.normalize();
        if exact.scale() as usize > PLACES {
            return Err(CreditsError::TooPrecise);
        }
        let units = 10_i128.pow((PLACES - exact.scale() as usize) as u32);
        let micros = exact.mantissa().checked_mul(units).ok_or(CreditsError::OutOfRange)?;
        i64::try_from(micros).map(Self).map_err(|_| CreditsError::OutOfRange)
    }
}

impl From<Credits> for Decimal {
    fn from(credits: Credits) -> Self {
        Self::new(credits.0, PLACES as u32).normalize()
    }
}

impl FromStr for Credits {
    type Err = CreditsError;

    /// Parses `-?digits[.digits]`; by hand, because a replay parses five amounts an event.
    fn from_str(text: &str) -> Result<Self, CreditsError> {
        if let Some(short) = short(text) {
            return Ok(short);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if whole.is_empty() || fraction.is_empty() {
            return Err(CreditsError::NotANumber);
        }
        let significant = fraction.trim_end_matches('0');
        let mut micros =
            digits_value(whole)?.checked_mul(i128::from(SCALE)).ok_or(CreditsError::OutOfRange)?;
        let below_one = digits_value(significant)?;
        if significant.len() > PLACES {
            return Err(CreditsError::TooPrecise);
        }
        micros += below_one * 10_i128.pow((PLACES - significant.len()) as u32);
        let signed = if negative { -micros } else { micros };
        i64::try_from(signed).map(Self).map_err(|_| CreditsError::OutOfRange)
    }
}

/// An amount of everyday length, in 64 bits; `None` for longer, negative and wrong ones.
fn short(text: &str) -> Option<Credits> {
    // 12 digits and six places stay below 10^18.
    if text.len() > 12 {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || !(1..=PLACES).contains(&fraction.len()) {
        return None;
    }
    let digits = |digits: &str| {
        digits
            .bytes()
            .try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
    };
    let unit = [100_000, 10_000, 1_000, 100, 10, 1][fraction.len() - 1];
    Some(Credits(digits(whole)? * SCALE + digits(fraction)? * unit))
}

/// The value of a run of ASCII digits; an empty run is zero.
fn digits_value(digits: &str) -> Result<i128, CreditsError> {
    let mut value: i128 = 0;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return Err(CreditsError::NotANumber);
        }
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i128::from(byte - b'0')))
            .ok_or(CreditsError::OutOfRange)?;
    }
    Ok(value)
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits().as_str())
    }
}

impl Credits {
    /// The shortest exact text.
    fn digits(self) -> Digits {
        let (whole, micros) = (self.0.unsigned_abs() / SCALE as u64, self.0.unsigned_abs() % SCALE as u64);
        let mut digits = Digits::new();
        let (mut fraction, mut places) = (micros, PLACES);
        while micros != 0 && fraction.is_multiple_of(10) {
            (fraction, places) = (fraction / 10, places - 1);
        }
        if micros != 0 {
            digits.number(fraction, places);
            digits.mark(b'.');
        }
        digits.number(whole, 1);
        if self.0 < 0 {
            digits.mark(b'-');
        }
        digits
    }
}

impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.digits().as_str())
    }
}

impl<'de> Deserialize<'de> for Credits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Credits;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount of credits as a decimal string, such as \"12.5\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Credits, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl schemars::JsonSchema for Credits {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Credits".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^-?[0-9]+(\.[0-9]{1,6})?$",
            "description": "An amount of credits: an exact decimal with at most six places."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_the_same_text() {
        for text in
            ["0", "1", "-1", "0.000001", "-0.5", "98.75", "9223372036854.775807", "-9223372036854.775808"]
        {
            assert_eq!(text.parse::<Credits>().map(|c| c.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn parses_other_spellings_of_the_same_amount() {
        for text in ["1.5", "1.50", "01.5", "1.5000000000"] {
            assert_eq!(text.parse(), Ok(Credits::from_micros(1_500_000)), "{text}");
        }
        for text in ["30", "3e1", "30.0", "0.3E2"] {
            assert_eq!(Credits::from_number_text(text), Ok(Credits::from_micros(30_000_000)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_an_exact_amount() {
        use CreditsError::{NotANumber, OutOfRange, TooPrecise};
        let cases = [
            ("", NotANumber),
            ("NaN", NotANumber),
            ("1,5", NotANumber),
            ("+1", NotANumber),
            (".5", NotANumber),
            ("1.", NotANumber),
            ("1e3", NotANumber),
            ("0.0000001", TooPrecise),
            ("9223372036854.775808", OutOfRange),
            ("99999999999999999999999999999999999999999", OutOfRange),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Credits>(), Err(error), "{text}");
        }
        assert_eq!(Credits::from_number_text("1e-7"), Err(TooPrecise));
        assert_eq!(Credits::from_number_text("1e20"), Err(OutOfRange));
    }

    #[test]
    fn meets_decimals_exactly() {
        let credits: Credits = "12.345678".parse().expect("an amount");
        assert_eq!(Credits::try_from(Decimal::from(credits)), Ok(credits));
    }
}
