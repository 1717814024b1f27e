//! A token's three parts, before anything in it is believed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::verifier::TokenFault;

/// No honest token is longer.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;
const KID_BYTES_MAX: usize = 128;

/// All that may stand in it: what isn't known (`jku`, `jwk`, `x5u`, `crit`, …) is refused, and so is what
/// stands there twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// A token, taken apart.
pub(super) struct Parts<'a> {
    pub(super) kid: String,
    /// What is signed.
    pub(super) message: &'a [u8],
    /// The claims, as JSON.
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Takes a token apart and looks at its header.
pub(super) fn parts(token: &str) -> Result<Parts<'_>, TokenFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenFault::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed);
    let Header { alg, typ, kid } =
        serde_json::from_slice(&decode(header)?).map_err(|_| TokenFault::Malformed)?;
    if alg != "RS256" {
        return Err(TokenFault::Algorithm);
    }
    // RFC 9068 section 4 allows both.
    if !["at+jwt", "application/at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known)) {
        return Err(TokenFault::Type);
    }
    if kid.is_empty() || kid.len() > KID_BYTES_MAX {
        return Err(TokenFault::UnknownKey);
    }
    Ok(Parts { kid, message: message.as_bytes(), payload: decode(payload)?, signature: decode(signature)? })
}
