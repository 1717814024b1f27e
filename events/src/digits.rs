//! Numbers as text, without the heap and the general formatting: an event has more than a dozen.

/// Text that is written from its end to its beginning, as digits come about.
pub(crate) struct Digits {
    bytes: [u8; 32],
    from: usize,
}

impl Digits {
    /// No text yet; it may have 32 bytes, which is more than any number or time needs.
    pub(crate) const fn new() -> Self {
        Self { bytes: [b'0'; 32], from: 32 }
    }

    /// Puts a mark, which is ASCII, in front.
    pub(crate) const fn mark(&mut self, mark: u8) {
        self.from -= 1;
        self.bytes[self.from] = mark;
    }

    /// Puts a number of at least so many digits in front.
    pub(crate) const fn number(&mut self, number: u64, digits_min: usize) {
        let end = self.from;
        let mut rest = number;
        while rest > 0 || end - self.from < digits_min {
            self.mark(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[self.from..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_and_leading_zeros_are_written() {
        let mut digits = Digits::new();
        digits.number(7, 3);
        digits.mark(b'.');
        digits.number(u64::MAX, 1);
        assert_eq!(digits.as_str(), "18446744073709551615.007");
        let mut zero = Digits::new();
        zero.number(0, 1);
        assert_eq!(zero.as_str(), "0");
    }
}
