use events::{ApiKeyIssued, ApiKeyRevoked, Position};

use super::*;
use crate::samples::{app, history, org, recorded};

fn key() -> KeyId {
    "00000000-0000-4000-8000-000000000009".parse().expect("an id")
}

fn issued(position: u64) -> Recorded {
    let verifier = Verifier([3; 32]);
    recorded(
        position,
        None,
        ApiKeyIssued { key: key(), app: app(), scopes: vec!["admin".into()], verifier, expires: None }.into(),
    )
}

fn revoked(position: u64) -> Recorded {
    recorded(position, None, ApiKeyRevoked { key: key(), app: app() }.into())
}

fn registered() -> Identity {
    let mut identity = Identity::default();
    for recorded in history() {
        identity.apply(&recorded).expect("a valid history");
    }
    identity
}

#[test]
fn rows_follow_the_facts() {
    let mut identity = registered();
    assert_eq!(identity.organizations[&org()].name.as_ref(), "Acme");
    assert_eq!(identity.apps[&app()].org, org());
    assert_eq!(identity.apply(&issued(20)), Ok(vec![Changed::Key(key())]));
    assert_eq!((identity.keys[&key()].org, identity.keys[&key()].revoked), (org(), None));
    assert_eq!(identity.apply(&revoked(21)), Ok(vec![Changed::Key(key())]));
    assert_eq!(identity.keys[&key()].revoked, Some(Time::from_micros(1_021)));
}

#[test]
fn a_revoked_key_stays_revoked() {
    let mut identity = registered();
    for event in [issued(20), revoked(21), issued(22), revoked(23)] {
        identity.apply(&event).expect("a fact may be recorded twice");
        assert!(
            event.envelope.position == Position(20)
                || identity.keys[&key()].revoked == Some(Time::from_micros(1_021))
        );
    }
}

#[test]
fn facts_about_the_unknown_are_poison() {
    let events = history();
    assert_eq!(Identity::default().apply(&events[1]), Err(Fault::Subject.at(Position(1))));
    assert_eq!(Identity::default().apply(&issued(20)), Err(Fault::Subject.at(Position(20))));
    assert_eq!(registered().apply(&revoked(21)), Err(Fault::Subject.at(Position(21))));
}
