//! What is refused.

use events::{Balances, Credits, CreditsDeducted, DecodeError, EncodeError, MAX_EVENT_BYTES, decode, encode};

use crate::samples::{bare_envelope, keyless};

fn deduction(service: &str) -> events::Event {
    CreditsDeducted {
        asked: Some(keyless()),
        service: service.into(),
        cost: Credits::ZERO,
        slices: events::Slices::new(),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        batch: None,
        metadata: None,
        wallet: Balances::default(),
    }
    .into()
}

fn length(service: &str) -> usize {
    let mut bytes = Vec::new();
    encode(&bare_envelope(), &deduction(service), &mut bytes).expect("a short event");
    bytes.len()
}

#[test]
fn an_event_has_at_most_65_535_bytes() {
    let room = MAX_EVENT_BYTES - length("");
    assert_eq!(length(&"s".repeat(room)), MAX_EVENT_BYTES);
    let mut buffer = b"earlier events".to_vec();
    let error = encode(&bare_envelope(), &deduction(&"s".repeat(room + 1)), &mut buffer);
    assert!(matches!(error, Err(EncodeError::TooLarge { bytes: 65_536 })), "{error:?}");
    assert_eq!(buffer, b"earlier events", "what was there stays as it was");
}

#[test]
fn an_unknown_type_or_version_stops_the_reader() {
    let mut bytes = Vec::new();
    encode(&bare_envelope(), &deduction("chat"), &mut bytes).expect("an event");
    let text = String::from_utf8(bytes).expect("UTF-8");
    for other in ["credits.deducted.v2", "credits.deducted", "credits.teleported.v1", ""] {
        let changed = text.replace("credits.deducted.v1", other);
        let error = decode(changed.as_bytes()).expect_err(other);
        assert!(matches!(&error, DecodeError::UnknownType(name) if name == other), "{other}: {error}");
    }
}

#[test]
fn a_cut_or_damaged_event_is_never_read() {
    let mut bytes = Vec::new();
    encode(&bare_envelope(), &deduction("chat"), &mut bytes).expect("an event");
    for end in 0..bytes.len() {
        assert!(matches!(decode(&bytes[..end]), Err(DecodeError::Malformed(_))), "cut at {end}");
    }
    let text = String::from_utf8(bytes).expect("UTF-8");
    for (from, to) in [
        ("/ledgers/", "/ledger/"),
        ("\"ledger/", "\"planet/"),
        ("\"position\":\"", "\"position\":\"x"),
        ("\"salt\":\"0", "\"salt\":\"g"),
        ("\"cost\":\"0\"", "\"cost\":0"),
        ("\"cost\":\"0\"", "\"cost\":\"1e3\""),
        ("\"cost\":\"0\",", ""),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        assert!(matches!(decode(changed.as_bytes()), Err(DecodeError::Malformed(_))), "{to}");
    }
}
