//! Verification codes: what a browser shows after a sign-in, and another program presents.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use crate::clock::Entropy;

/// RFC 4648, section 6: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// 130 bits.
const CHARS: usize = 26;
/// Says what it is, wherever it is pasted.
const PREFIX: &str = "VERIFIED-";

/// 26 random letters and digits. It is never printed by accident.
#[derive(Clone)]
pub struct VerificationCode(Zeroizing<String>);

/// The text has not the form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verification code is VERIFIED- and 26 letters and digits")]
pub struct NotACode;

impl VerificationCode {
    /// Draws one.
    #[must_use]
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; CHARS]);
        entropy.fill(&mut *bytes);
        // 256 is a multiple of 32, so that every letter is equally likely.
        Self(Zeroizing::new(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()))
    }

    /// As it is shown: `VERIFIED-…`.
    #[must_use]
    pub fn shown(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", self.0.as_str()))
    }

    /// The letters alone, to be hashed.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl FromStr for VerificationCode {
    type Err = NotACode;

    /// Reads what people paste: perhaps in small letters, with blanks around it.
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let text = Zeroizing::new(text.trim().to_ascii_uppercase());
        let code = text.strip_prefix(PREFIX).ok_or(NotACode)?;
        if code.len() != CHARS || !code.bytes().all(|byte| ALPHABET.contains(&byte)) {
            return Err(NotACode);
        }
        Ok(Self(Zeroizing::new(code.to_owned())))
    }
}

impl fmt::Debug for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Generator;

    #[test]
    fn a_code_is_read_as_it_was_shown_and_as_people_paste_it() {
        let mut entropy = Generator::from_seed(7);
        let code = VerificationCode::draw(&mut entropy);
        let shown = code.shown();
        assert_eq!(shown.len(), 35);
        for pasted in [shown.to_string(), shown.to_lowercase(), format!(" {}\n", *shown)] {
            assert_eq!(pasted.parse::<VerificationCode>().expect("a code").secret(), code.secret());
        }
        assert_ne!(VerificationCode::draw(&mut entropy).secret(), code.secret());
        assert_eq!(format!("{code:?}"), "[redacted]");
        for bad in [
            "",
            "VERIFIED-",
            &shown[9..],
            &shown[..34],
            &format!("{}A", *shown),
            "VERIFIED-00000000000000000000000001",
        ] {
            assert!(bad.parse::<VerificationCode>().is_err(), "{bad}");
        }
    }
}
