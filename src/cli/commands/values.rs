//! Values of options.

use std::time::Duration;

use serde_json::Value;

use crate::cli::output::Column;

/// What a command that changes a wallet prints.
pub(super) const CHANGE: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("wallet", "/wallet"),
    Column::new("amount", "/amount"),
    Column::new("cost", "/cost"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("key", "/idempotency_key"),
    Column::new("replayed", "/replayed"),
];

/// A span such as `30d`, `12h`, `90m` or `45s`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let hint = || "expected a number and s, m, h or d, such as 30d".to_owned();
    let unit = text.chars().next_back().ok_or_else(hint)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(hint()),
    };
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| hint())?;
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "too long".to_owned())
}

/// A JSON object.
pub(super) fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("expected a JSON object, such as {\"model\":\"m-1\"}".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_number_and_a_unit() {
        assert_eq!(span("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(span("90m"), Ok(Duration::from_secs(5_400)));
        for bad in ["", "d", "30", "1.5h", "-1s", "30é", "99999999999999999999d", "9999999999999999d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_is_an_object() {
        assert!(object(r#"{"a":1}"#).is_ok());
        assert!(object("[]").is_err() && object("{").is_err());
    }
}
