//! Proof key for code exchange (RFC 7636), by S256 alone.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::OauthError;

/// The SHA-256 of a verifier, as base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(Box<str>);

impl Challenge {
    /// Reads the challenge of an authorization request, which every client must send.
    ///
    /// # Errors
    /// When it is absent, is not 32 bytes in base64url, or its method is another than `S256`.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, OauthError> {
        let challenge = challenge.ok_or_else(|| OauthError::request("code_challenge is missing"))?;
        if method != Some("S256") {
            return Err(OauthError::request("code_challenge_method must be S256"));
        }
        let hash = URL_SAFE_NO_PAD.decode(challenge).ok().filter(|hash| hash.len() == 32);
        hash.map(|_| Self(challenge.into()))
            .ok_or_else(|| OauthError::request("code_challenge is no SHA-256 in base64url"))
    }

    /// Whether this verifier belongs to the challenge.
    #[must_use]
    pub fn accepts(&self, verifier: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(allowed);
        let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let equal = verify_slices_are_equal(hash.as_bytes(), self.0.as_bytes()).is_ok();
        well_formed && equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_is_accepted_and_nothing_near_it() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).expect("a challenge");
        assert!(challenge.accepts(VERIFIER));
        let longer = format!("{VERIFIER}a");
        for wrong in [CHALLENGE, &VERIFIER[..42], &longer, "", "é"] {
            assert!(!challenge.accepts(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_verifier_of_a_wrong_shape_is_refused_even_when_its_hash_fits() {
        for verifier in ["short".to_owned(), "a".repeat(129), format!("{} ", "a".repeat(50))] {
            let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            assert!(!Challenge(hash.into()).accepts(&verifier), "{verifier}");
        }
    }

    #[test]
    fn plain_and_malformed_challenges_are_refused() {
        for (challenge, method) in [
            (None, Some("S256")),
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some(CHALLENGE), Some("s256")),
            (Some("short"), Some("S256")),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), Some("S256")),
        ] {
            assert!(Challenge::parse(challenge, method).is_err(), "{challenge:?} {method:?}");
        }
    }
}
