//! One-time texts that stand for a row: `<prefix><id as 32 hex digits>_<32 bytes as base64url>`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Length of 32 bytes in base64url without padding.
const SECRET_CHARS: usize = 43;

/// Of an authorization code.
pub(super) const CODE: &str = "clc_";
/// Of a refresh token.
pub(in crate::identity) const REFRESH: &str = "clr_";

/// Of a browser's cookie.
pub(in crate::identity) const BROWSER: &str = "clb_";
/// Of a link that was mailed.
pub(in crate::identity) const MAIL: &str = "clm_";

/// The text for a row and its secret.
pub(in crate::identity) fn text(prefix: &str, id: Uuid, secret: &[u8; 32]) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new([0; SECRET_CHARS]);
    let written = URL_SAFE_NO_PAD.encode_slice(secret, &mut *encoded);
    debug_assert_eq!(written, Ok(SECRET_CHARS));
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 33 + SECRET_CHARS));
    text.push_str(prefix);
    text.push_str(id.simple().encode_lower(&mut [0; 32]));
    text.push('_');
    text.push_str(str::from_utf8(&*encoded).unwrap_or_default());
    text
}

/// Takes a text apart; `None` when it has not the one shape.
pub(in crate::identity) fn parse(prefix: &str, text: &str) -> Option<(Uuid, Zeroizing<[u8; 32]>)> {
    let (id, encoded) = text.strip_prefix(prefix)?.split_once('_')?;
    let one_spelling = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !one_spelling || encoded.len() != SECRET_CHARS {
        return None;
    }
    let mut secret = Zeroizing::new([0; 32]);
    let read = URL_SAFE_NO_PAD.decode_slice(encoded, &mut *secret).ok()?;
    (read == 32).then_some((Uuid::try_parse(id).ok()?, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_again_and_nothing_else_is() {
        let (id, secret) = (Uuid::from_u128(7), [9; 32]);
        let made = text(CODE, id, &secret);
        let (found, read) = parse(CODE, &made).expect("its shape");
        assert_eq!((found, *read), (id, secret));
        let cut = &made[..made.len() - 1];
        let last_bits = format!("{cut}F");
        for wrong in ["", "clc_", cut, &last_bits, &made.to_uppercase(), &format!("{}x", &*made)] {
            assert!(parse(CODE, wrong).is_none(), "{wrong}");
        }
        assert!(parse(REFRESH, &made).is_none());
    }
}
