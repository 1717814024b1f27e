//! Cursors of lists: where the next page starts, bound to the filters of the first.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::Position;

const DIGEST_BYTES: usize = 8;

/// Names the next page of a list. Opaque to clients.
pub(super) fn encode(before: Position, filters: &[u8]) -> String {
    let mut bytes = [0; 8 + DIGEST_BYTES];
    bytes[..8].copy_from_slice(&before.get().to_be_bytes());
    bytes[8..].copy_from_slice(&fingerprint(filters));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where the page starts; `None` when it is no cursor of a list with these filters.
pub(super) fn decode(cursor: &str, filters: &[u8]) -> Option<Position> {
    let bytes: [u8; 8 + DIGEST_BYTES] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let (before, digest) = bytes.split_first_chunk::<8>()?;
    (digest == fingerprint(filters)).then(|| Position(u64::from_be_bytes(*before)))
}

fn fingerprint(filters: &[u8]) -> [u8; DIGEST_BYTES] {
    let digest = digest::digest(&digest::SHA256, filters);
    let mut first = [0; DIGEST_BYTES];
    first.copy_from_slice(&digest.as_ref()[..DIGEST_BYTES]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_out() {
        for before in [0, 42, u64::MAX] {
            let cursor = encode(Position(before), b"kind=deduction");
            assert_eq!(decode(&cursor, b"kind=deduction"), Some(Position(before)));
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_none() {
        let cursor = encode(Position(42), b"kind=deduction");
        assert_eq!(decode(&cursor, b"kind=purchase"), None);
        for broken in ["", "42", "AAAA", &cursor[1..], &format!("{cursor}A"), "ä"] {
            assert_eq!(decode(broken, b"kind=deduction"), None, "{broken}");
        }
    }
}
