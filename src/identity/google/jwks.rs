//! The keys that a provider publishes (RFC 7517): of them, the RSA keys that sign by RS256.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// Keys of a set that are looked at.
const KEYS_MAX: usize = 64;

/// A provider's keys, by their names. Others in the set are not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Published")]
pub struct KeySet(Vec<Key>);

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    kid: Box<str>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    kty: Option<String>,
    kid: Option<Box<str>>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublishedKey {
    /// The key, if it is of the one kind that counts here.
    fn usable(self) -> Option<Key> {
        let is = |said: &Option<String>, wanted| said.as_deref().is_none_or(|said| said == wanted);
        if self.kty.as_deref() != Some("RSA") || !is(&self.purpose, "sig") || !is(&self.alg, "RS256") {
            return None;
        }
        let number = |text: String| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !bytes.is_empty());
        Some(Key { kid: self.kid?, modulus: number(self.n?)?, exponent: number(self.e?)? })
    }
}

impl From<Published> for KeySet {
    fn from(published: Published) -> Self {
        Self(published.keys.into_iter().take(KEYS_MAX).filter_map(PublishedKey::usable).collect())
    }
}

impl KeySet {
    pub(super) fn find(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| &*key.kid == kid)
    }
}

impl Key {
    /// Whether this key signed the message by RS256. Keys under 2,048 bits sign nothing.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}
