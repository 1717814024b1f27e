//! E-mail addresses as they are kept and compared.

use std::{fmt, str::FromStr};

use lettre::Address;

/// The most bytes of an address (RFC 5321, 4.5.3.1.3, less the brackets).
const BYTES_MAX: usize = 254;

/// An e-mail address in lower case: it identifies an account, however it was typed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(Address);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no e-mail address")]
pub struct NotAnAddress;

impl EmailAddress {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub(super) const fn written(&self) -> &Address {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let plain = text.len() <= BYTES_MAX
            && text.is_ascii()
            && !text.contains(|c: char| c.is_ascii_control() || c.is_whitespace() || "\"\\<>,;".contains(c));
        let dotted = text.rsplit_once('@').is_some_and(|(_, domain)| !domain.starts_with('['));
        if !plain || !dotted {
            return Err(NotAnAddress);
        }
        text.to_ascii_lowercase().parse().map(Self).map_err(|_| NotAnAddress)
    }
}

/// Addresses are personal: logs and errors do not show them.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[address]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_however_it_is_typed() {
        let address: EmailAddress = " Ann.Lee+ledger@Mail.Example ".parse().expect("an address");
        assert_eq!(address.as_str(), "ann.lee+ledger@mail.example");
        assert_eq!(format!("{address:?}"), "[address]");
    }

    #[test]
    fn what_could_become_another_header_or_reader_is_no_address() {
        let long = format!("{}@mail.example", "a".repeat(250));
        for text in [
            "",
            "ann",
            "@mail.example",
            "ann@",
            "a@b@c",
            "ann@mail.example\r\nBcc: eve@evil.example",
            "ann@mail.example, eve@evil.example",
            "Ann <ann@mail.example>",
            "\"ann\"@mail.example",
            "ann @mail.example",
            "änn@mail.example",
            "ann@[127.0.0.1]",
            &long,
        ] {
            assert_eq!(text.parse::<EmailAddress>(), Err(NotAnAddress), "{text:?}");
        }
    }
}
