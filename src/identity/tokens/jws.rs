//! The compact form of a signed token: `header.claims.signature` (RFC 7515 section 7.1).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{PrivateKey, PublicKey, TokenFault};

/// The most bytes of a token. Those that are issued here have about 900.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The only algorithm: both halves of the decision, which to use and which to accept, are taken here.
const ALGORITHM: &str = "RS256";

/// What a token is for, told by its header as RFC 8725 section 3.11 advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// RFC 9068.
    Access,
    /// OpenID Connect Core.
    Id,
}

impl Kind {
    const fn header(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Id => "JWT",
        }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

/// A header as it came. Members that are not here, and any member twice, make it unreadable: so no
/// `jku`, `jwk`, `x5u`, `x5c`, `crit`, `b64` or `zip` is ever looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Box<str>,
    typ: Option<Box<str>>,
    kid: Option<Box<str>>,
}

/// Signs claims.
pub(super) fn sign(
    kind: Kind,
    kid: &str,
    key: &PrivateKey,
    claims: &impl Serialize,
) -> Result<String, TokenFault> {
    let mut token = String::with_capacity(1_024);
    let header = Written { alg: ALGORITHM, typ: kind.header(), kid };
    let json = |value: Result<Vec<u8>, _>| value.map_err(|_| TokenFault::Malformed);
    URL_SAFE_NO_PAD.encode_string(json(serde_json::to_vec(&header))?, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(json(serde_json::to_vec(claims))?, &mut token);
    let signature = key.sign(token.as_bytes()).map_err(|_| TokenFault::UnknownKey)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A token taken apart, with a header that is accepted. Nothing is proved yet.
#[derive(Debug)]
pub(super) struct Unproved<'a> {
    pub(super) kid: Box<str>,
    signed: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Unproved<'a> {
    /// Takes a token of this kind apart.
    pub(super) fn parse(token: &'a str, kind: Kind) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        let header = read_header(&decoded(header)?)?;
        if &*header.alg != ALGORITHM {
            return Err(TokenFault::Algorithm);
        }
        if header.typ.as_deref() != Some(kind.header()) {
            return Err(TokenFault::Kind);
        }
        let kid = header.kid.ok_or(TokenFault::UnknownKey)?;
        Ok(Self { kid, signed, claims, signature })
    }

    /// The claims, when the key has signed them.
    pub(super) fn proved<T: DeserializeOwned>(&self, key: &PublicKey) -> Result<T, TokenFault> {
        if !key.accepts(self.signed.as_bytes(), &decoded(self.signature)?) {
            return Err(TokenFault::Signature);
        }
        serde_json::from_slice(&decoded(self.claims)?).map_err(|_| TokenFault::Malformed)
    }
}

/// The id of the key that a token says it is signed with; `None` for what is no token.
#[must_use]
pub fn key_id(token: &str) -> Option<Box<str>> {
    let unproved = Unproved::parse(token, Kind::Access);
    unproved.ok().map(|unproved| unproved.kid)
}

fn read_header(json: &[u8]) -> Result<Header, TokenFault> {
    serde_json::from_slice(json).map_err(|_| {
        // Only to say what is wrong.
        let members = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(json);
        members.map_or(TokenFault::Malformed, |_| TokenFault::Header)
    })
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed)
}
