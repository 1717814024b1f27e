//! RSA keys of 2,048 bits, parsed once: parsing costs more than verifying does.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The bytes are no RSA key of 2,048 bits or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RSA key")]
pub struct BadKey;

/// The half that signs. It is never printed.
pub struct PrivateKey {
    pair: KeyPair,
    public: PublicKey,
}

impl PrivateKey {
    /// A new key, drawn by the cryptographic library: its own generator is the only one it takes.
    ///
    /// # Errors
    /// When the library has no randomness.
    pub fn generate() -> Result<Self, BadKey> {
        Self::of(KeyPair::generate(KeySize::Rsa2048).map_err(|_| BadKey)?)
    }

    /// Reads what [`Self::to_pkcs8`] wrote.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        Self::of(KeyPair::from_pkcs8(der).map_err(|_| BadKey)?)
    }

    /// The key as PKCS #8, to be sealed.
    ///
    /// # Errors
    /// When the library cannot write it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, BadKey> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| BadKey)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The half that verifies.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let digest = digest(&SHA256, message);
        self.pair.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).map_err(|_| BadKey)?;
        Ok(signature)
    }

    fn of(pair: KeyPair) -> Result<Self, BadKey> {
        let public = PublicKey::from_der(pair.public_key().as_ref())?;
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

/// The half that verifies.
#[derive(Debug, Clone)]
pub struct PublicKey {
    parsed: ParsedPublicKey,
    der: Box<[u8]>,
    modulus: Box<str>,
    exponent: Box<str>,
}

impl PublicKey {
    /// Reads an `RSAPublicKey` (RFC 8017 appendix A.1.1).
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_der(der: &[u8]) -> Result<Self, BadKey> {
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| BadKey)?;
        let (modulus, exponent) = integers(der).ok_or(BadKey)?;
        let encoded = |number: &[u8]| URL_SAFE_NO_PAD.encode(number).into();
        Ok(Self { parsed, der: der.into(), modulus: encoded(modulus), exponent: encoded(exponent) })
    }

    /// What [`Self::from_der`] reads.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The modulus, as `n` of a JSON web key.
    #[must_use]
    pub fn modulus(&self) -> &str {
        &self.modulus
    }

    /// The exponent, as `e` of a JSON web key.
    #[must_use]
    pub fn exponent(&self) -> &str {
        &self.exponent
    }

    /// The SHA-256 thumbprint of RFC 7638, which names the key.
    #[must_use]
    pub fn thumbprint(&self) -> Box<str> {
        let members = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, self.exponent, self.modulus);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes())).into()
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

/// Modulus and exponent without leading zeros, out of `SEQUENCE { INTEGER, INTEGER }`.
fn integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, []) = element(0x30, der)? else { return None };
    let (modulus, rest) = element(0x02, sequence)?;
    let (exponent, []) = element(0x02, rest)? else { return None };
    let bare = |number: &'_ [u8]| number.iter().take_while(|byte| **byte == 0).count();
    Some((&modulus[bare(modulus)..], &exponent[bare(exponent)..]))
}

/// The content of a DER element with this tag, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*bytes)), rest)
        }
        _ => return None,
    };
    (found == tag).then_some(rest)?.split_at_checked(length)
}
