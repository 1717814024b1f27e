//! Sums that may be larger than any wallet: written like credits, and never rounded.

use std::fmt;

use serde::{Serialize, Serializer};

const UNIT: u128 = 1_000_000;

/// Millionths, of a credit or of a currency's main unit. JSON: a decimal string such as `"-12.5"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum(pub(super) i128);

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / UNIT, self.0.unsigned_abs() % UNIT);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{rest:06}").trim_end_matches('0'))
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_exactly() {
        let written = [
            (0, "0"),
            (1, "0.000001"),
            (-12_500_000, "-12.5"),
            (-1, "-0.000001"),
            (10_000_000, "10"),
            (i128::from(i64::MAX) * 1_000, "9223372036854775.807"),
        ];
        for (millionths, text) in written {
            assert_eq!(Sum(millionths).to_string(), text);
        }
    }
}
