//! A published set of keys (RFC 7517), of which only RSA keys for RS256 are taken.

use std::{collections::HashMap, fmt, sync::Arc};

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// More keys than any server has.
const KEYS_MAX: usize = 64;
/// 2,048 to 8,192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Keys by their names.
#[derive(Clone, Default)]
pub(super) struct KeySet(HashMap<String, Arc<ParsedPublicKey>>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
}

impl KeySet {
    /// Reads a document; none when it isn't one. Keys of other kinds are passed over.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let Document { keys } = serde_json::from_slice(document).ok()?;
        let keys = keys.into_iter().take(KEYS_MAX).filter_map(|key| {
            let key: Key = serde_json::from_value(key).ok()?;
            Some((key.kid.clone(), Arc::new(parse(&key)?)))
        });
        Some(Self(keys.collect()))
    }

    pub(super) fn get(&self, kid: &str) -> Option<Arc<ParsedPublicKey>> {
        self.0.get(kid).cloned()
    }
}

fn parse(key: &Key) -> Option<ParsedPublicKey> {
    let is_ours = key.kty == "RSA"
        && key.alg.as_deref().is_none_or(|alg| alg == "RS256")
        && key.usage.as_deref().is_none_or(|usage| usage == "sig");
    let n = URL_SAFE_NO_PAD.decode(&key.n).ok()?;
    let e = URL_SAFE_NO_PAD.decode(&key.e).ok()?;
    if !is_ours || !MODULUS_BYTES.contains(&n.len()) {
        return None;
    }
    PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
