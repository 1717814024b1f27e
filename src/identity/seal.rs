//! Sealing what the vault must not show to whoever reads the database alone.
//!
//! AES-256-GCM-SIV (RFC 8452) under a key that follows from the pepper. What is sealed belongs to one
//! field of one row of one ledger: moved anywhere else, it does not open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::LedgerId;
use zeroize::Zeroizing;

use super::{Pepper, vault::Kind};
use crate::clock::Entropy;

/// What a sealed text begins with: how it was sealed.
const FORM: &str = "s1.";

const LABEL: &str = "credit-ledger vault seal v1";

/// Seals and opens fields of one ledger's rows.
pub struct Seal {
    ledger: LedgerId,
    key: LessSafeKey,
}

/// Where something sealed belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The row's kind.
    pub kind: Kind,
    /// The row's id.
    pub id: &'a str,
    /// The field in the row's body.
    pub field: &'a str,
}

/// It does not open here: it was changed or moved, or sealed with another pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed does not open: it was changed, or the pepper is another one")]
pub struct DoesNotOpen;

impl Seal {
    /// The seal of a ledger with this pepper.
    ///
    /// # Panics
    /// Never: the key has the length that the cipher takes.
    #[must_use]
    pub fn new(pepper: &Pepper, ledger: LedgerId) -> Self {
        let key = pepper.derive(LABEL);
        let key = UnboundKey::new(&AES_256_GCM_SIV, &*key).expect("a key of 32 bytes");
        Self { ledger, key: LessSafeKey::new(key) }
    }

    /// The sealed form of `plain`, as text.
    ///
    /// # Panics
    /// Never: nothing sealed here is as long as the cipher's limit.
    #[must_use]
    pub fn seal(&self, place: Place<'_>, plain: &[u8], entropy: &mut dyn Entropy) -> Box<str> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = Zeroizing::new(Vec::with_capacity(plain.len() + 16));
        sealed.extend_from_slice(plain);
        let (aad, by) = (self.aad(place), Nonce::assume_unique_for_key(nonce));
        self.key.seal_in_place_append_tag(by, aad, &mut *sealed).expect("it is short enough");
        let bytes = [&nonce, &**sealed].concat();
        format!("{FORM}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
    }

    /// What was sealed for this place.
    ///
    /// # Errors
    /// [`DoesNotOpen`] for anything else.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let text = sealed.strip_prefix(FORM).ok_or(DoesNotOpen)?;
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| DoesNotOpen)?);
        let (nonce, inside) = bytes.split_first_chunk_mut::<NONCE_LEN>().ok_or(DoesNotOpen)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key.open_in_place(nonce, self.aad(place), inside).map_err(|_| DoesNotOpen)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    /// Ledger, kind, id and field; each with its length, so that no two places are written alike.
    fn aad(&self, Place { kind, id, field }: Place<'_>) -> Aad<Vec<u8>> {
        let mut bytes = self.ledger.0.as_bytes().to_vec();
        for part in [kind.as_str(), id, field] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Aad::from(bytes)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Generator;

    const PLACE: Place<'_> = Place { kind: Kind::SigningKey, id: "k1", field: "private" };

    fn seal(pepper: u8, ledger: u128) -> Seal {
        Seal::new(&Pepper::from_bytes(&[pepper; 32]), LedgerId(Uuid::from_u128(ledger)))
    }

    fn sealed() -> Box<str> {
        seal(7, 1).seal(PLACE, b"a private key", &mut Generator::from_seed(1))
    }

    #[test]
    fn it_opens_where_it_was_sealed() {
        for length in [0, 1, 16, 4096] {
            let plain = vec![b'x'; length];
            let sealed = seal(7, 1).seal(PLACE, &plain, &mut Generator::from_seed(1));
            assert_eq!(seal(7, 1).open(PLACE, &sealed).as_deref(), Ok(&plain));
        }
        assert!(!sealed().contains("private"));
    }

    #[test]
    fn it_opens_nowhere_else() {
        let text = sealed();
        let moved = [
            Place { kind: Kind::Profile, ..PLACE },
            Place { id: "k2", ..PLACE },
            Place { field: "other", ..PLACE },
            // The same letters, cut elsewhere.
            Place { id: "k1p", field: "rivate", ..PLACE },
        ];
        for place in moved {
            assert_eq!(seal(7, 1).open(place, &text).err(), Some(DoesNotOpen), "{place:?}");
        }
        assert_eq!(seal(7, 2).open(PLACE, &text).err(), Some(DoesNotOpen), "another ledger");
        assert_eq!(seal(8, 1).open(PLACE, &text).err(), Some(DoesNotOpen), "another pepper");
    }

    #[test]
    fn any_change_closes_it() {
        let text = sealed();
        for index in 0..text.len() {
            let mut changed = text.to_string().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(seal(7, 1).open(PLACE, &changed).is_err(), "{index}");
            assert!(seal(7, 1).open(PLACE, &text[..index]).is_err(), "cut at {index}");
        }
        assert!(seal(7, 1).open(PLACE, &format!("{text}A")).is_err());
    }

    #[test]
    fn the_same_twice_looks_different() {
        let mut entropy = Generator::from_seed(1);
        let (seal, plain) = (seal(7, 1), b"a private key");
        assert_ne!(seal.seal(PLACE, plain, &mut entropy), seal.seal(PLACE, plain, &mut entropy));
    }
}
