//! ID tokens of the provider (OpenID Connect Core 3.1.3.7).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::Time;
use serde::{Deserialize, de::DeserializeOwned};

use super::KeySet;
use crate::identity::mail::EmailAddress;

/// The most bytes of an ID token.
const BYTES_MAX: usize = 16 * 1_024;
/// How far the provider's clock may be from ours, in seconds.
const LEEWAY_S: i64 = 60;
/// The most bytes of a subject (OpenID Connect Core, section 2).
const SUBJECT_BYTES_MAX: usize = 255;
/// The most characters of a name.
const NAME_CHARS_MAX: usize = 100;
/// Google signs as both.
const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// Who signed in, as the provider says.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// What the provider calls them, for ever.
    pub subject: Box<str>,
    /// Their address, which the provider has confirmed.
    pub email: EmailAddress,
    /// Their name, if it is known.
    pub name: Option<Box<str>>,
    /// Whether the provider runs the mailbox itself, so that what it says of the address is true now: Google,
    /// for gmail.com and for the domains of its Workspace (its claim `hd`).
    pub runs_mailbox: bool,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person([redacted])")
    }
}

/// Why an ID token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It has not the form of one.
    #[error("the ID token cannot be read")]
    Malformed,
    /// It is signed by other means than RS256, or says how it is to be verified.
    #[error("the ID token has a header that is not accepted")]
    Header,
    /// Its key is not among those of the provider.
    #[error("the ID token's key is unknown")]
    Key,
    /// The signature is wrong.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// It is of another issuer.
    #[error("the ID token is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the ID token is for another client")]
    Audience,
    /// It has run out, or is of the future.
    #[error("the ID token is not of this time")]
    Time,
    /// It answers another sign-in.
    #[error("the ID token answers another sign-in")]
    Nonce,
    /// The provider has not confirmed the address, or says none.
    #[error("the provider has confirmed no e-mail address")]
    Unconfirmed,
}

/// What the token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) time: Time,
}

/// Members that are not here, such as `jku`, `jwk`, `x5u` or `crit`, make it unreadable.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: Option<Box<str>>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default, rename = "x5t")]
    _x5t: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Said>,
    name: Option<String>,
    hd: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers say it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Plainly(bool),
    AsText(String),
}

/// The name of the key that a token says it is signed with.
pub(super) fn key_id(token: &str) -> Result<Box<str>, TokenFault> {
    let header: Header = part(parts(token)?.0).map_err(|_| TokenFault::Header)?;
    let typed = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    if header.alg != "RS256" || !typed {
        return Err(TokenFault::Header);
    }
    header.kid.filter(|kid| !kid.is_empty()).ok_or(TokenFault::Key)
}

/// Who signed in, when the token is what it must be.
pub(super) fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Person, TokenFault> {
    let kid = key_id(token)?;
    let (_, claims, signature) = parts(token)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Malformed)?;
    let signed = token.rsplit_once('.').map(|(signed, _)| signed).ok_or(TokenFault::Malformed)?;
    if !keys.find(&kid).ok_or(TokenFault::Key)?.signed(signed.as_bytes(), &signature) {
        return Err(TokenFault::Signature);
    }
    let claims: Claims = part(claims)?;
    claims.must_be(expected)?;
    claims.person(expected.issuer)
}

impl Claims {
    fn must_be(&self, expected: &Expected<'_>) -> Result<(), TokenFault> {
        let google = GOOGLE[0] == expected.issuer && GOOGLE.contains(&self.iss.as_str());
        if self.iss != expected.issuer && !google {
            return Err(TokenFault::Issuer);
        }
        let ours = |client: &String| client == expected.client_id;
        let for_us = match &self.aud {
            Audience::One(one) => ours(one),
            Audience::Many(many) => many.iter().any(ours) && (many.len() == 1 || self.azp.is_some()),
        };
        if !for_us || !self.azp.as_ref().is_none_or(ours) {
            return Err(TokenFault::Audience);
        }
        let now = expected.time.micros().div_euclid(1_000_000);
        if self.exp.saturating_add(LEEWAY_S) <= now || self.iat.saturating_sub(LEEWAY_S) > now {
            return Err(TokenFault::Time);
        }
        if self.nonce.as_deref() == Some(expected.nonce) { Ok(()) } else { Err(TokenFault::Nonce) }
    }

    fn person(self, issuer: &str) -> Result<Person, TokenFault> {
        if self.sub.is_empty() || self.sub.len() > SUBJECT_BYTES_MAX {
            return Err(TokenFault::Malformed);
        }
        let confirmed = match self.email_verified {
            Some(Said::Plainly(confirmed)) => confirmed,
            Some(Said::AsText(text)) => text == "true",
            None => false,
        };
        let email = self.email.filter(|_| confirmed).and_then(|email| email.parse().ok());
        let email: EmailAddress = email.ok_or(TokenFault::Unconfirmed)?;
        let runs_mailbox = issuer == GOOGLE[0]
            && (email.as_str().ends_with("@gmail.com") || self.hd.is_some_and(|domain| !domain.is_empty()));
        let name =
            self.name.map(|name| name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect());
        let name: Option<Box<str>> = name;
        let name = name.filter(|name| !name.trim().is_empty());
        Ok(Person { subject: self.sub.into(), email, name, runs_mailbox })
    }
}

/// Header, claims and signature, as they are written.
fn parts(token: &str) -> Result<(&str, &str, &str), TokenFault> {
    let mut parts = token.split('.');
    let found = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(header), Some(claims), Some(signature), None) = found else {
        return Err(TokenFault::Malformed);
    };
    if token.len() > BYTES_MAX { Err(TokenFault::Malformed) } else { Ok((header, claims, signature)) }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, TokenFault> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenFault::Malformed)
}
