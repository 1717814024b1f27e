//! When a verifier reads the keys, and what it does while it can't.

use credit_ledger_client::auth::TokenFault;
use futures::future::join_all;
use serde_json::json;

use crate::{
    ManualClock,
    claims::verifier,
    server::{Answer, Server, until},
    signer::{FIRST, SECOND, Signer, claims, jwks},
};

const AWAY: Answer = (503, "", String::new());

fn published(signers: &[&Signer]) -> Answer {
    (200, "public, max-age=300", jwks(signers))
}

/// A token whose key has this name. Its signature is never looked at.
fn of_key(kid: &str) -> String {
    let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": kid });
    format!("{}.AAAA", crate::signer::message(&header.to_string(), &claims().to_string()))
}

/// A token that outlives the test.
fn lasting(signer: &Signer) -> String {
    let mut says = claims();
    says["exp"] = json!(crate::START + 1_000_000);
    signer.sign(&signer.header().to_string(), &says.to_string())
}

#[tokio::test]
async fn a_flood_of_names_is_one_request_in_thirty_seconds() {
    let server = Server::start([published(&[&FIRST])]).await;
    let clock = ManualClock::default();
    let verifier = verifier(&server, &clock);
    for kid in 0..10_000 {
        assert_eq!(verifier.verify(&of_key(&format!("kid-{kid}"))).await, Err(TokenFault::UnknownKey));
    }
    assert_eq!(server.count(), 1);
    assert!(verifier.verify(&FIRST.token()).await.is_ok());
    clock.advance_s(29);
    assert_eq!(verifier.verify(&of_key("kid-0")).await, Err(TokenFault::UnknownKey));
    assert_eq!(server.count(), 1);
    clock.advance_s(1);
    // Known not to be there for five minutes; another name may be new.
    assert_eq!(verifier.verify(&of_key("kid-0")).await, Err(TokenFault::UnknownKey));
    assert_eq!(server.count(), 1);
    for kid in ["new-1", "new-2"] {
        assert_eq!(verifier.verify(&of_key(kid)).await, Err(TokenFault::UnknownKey));
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_at_its_first_token() {
    let server = Server::start([published(&[&FIRST]), published(&[&FIRST, &SECOND])]).await;
    let clock = ManualClock::default();
    let verifier = verifier(&server, &clock);
    assert!(verifier.verify(&lasting(&FIRST)).await.is_ok());
    clock.advance_s(30);
    let token = lasting(&SECOND);
    let many = join_all((0..50).map(|_| verifier.verify(&token))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    assert_eq!(server.count(), 2, "all who wait share one request");
}

#[tokio::test]
async fn a_key_that_is_published_no_more_ends_when_the_keys_are_read_again() {
    let server = Server::start([published(&[&FIRST, &SECOND]), published(&[&SECOND])]).await;
    let clock = ManualClock::default();
    let verifier = verifier(&server, &clock);
    assert!(verifier.verify(&lasting(&FIRST)).await.is_ok());
    clock.advance_s(300);
    assert!(verifier.verify(&lasting(&SECOND)).await.is_ok(), "nobody waits for the new keys");
    server.until_asked(2).await;
    let token = lasting(&FIRST);
    let refused = async {
        while verifier.verify(&token).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), refused).await.expect("it ends");
    assert_eq!(verifier.verify(&token).await, Err(TokenFault::UnknownKey));
}

#[tokio::test]
async fn old_keys_stay_good_for_a_day_while_the_server_is_away() {
    let server = Server::start([published(&[&FIRST]), AWAY]).await;
    let clock = ManualClock::default();
    let verifier = verifier(&server, &clock);
    let token = lasting(&FIRST);
    assert!(verifier.verify(&token).await.is_ok());
    for look in 1..=3 {
        clock.advance_s(3_600);
        let used = async {
            while server.count() <= look {
                assert!(verifier.verify(&token).await.is_ok());
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), used).await.expect("it asks again");
        for _ in 0..50 {
            assert!(verifier.verify(&token).await.is_ok());
        }
        assert_eq!(server.count(), 1 + look);
    }
    clock.advance_s(24 * 3_600);
    assert_eq!(verifier.verify(&token).await, Err(TokenFault::Unavailable), "a day later nothing is left");
}

#[tokio::test]
async fn without_any_key_it_asks_once_a_second_until_there_is_one() {
    let server = Server::start([AWAY, (200, "", "no keys".to_owned()), published(&[&FIRST])]).await;
    let clock = ManualClock::default();
    let verifier = verifier(&server, &clock);
    let token = FIRST.token();
    for asked in 1..=2 {
        for _ in 0..50 {
            assert_eq!(verifier.verify(&token).await, Err(TokenFault::Unavailable));
        }
        assert_eq!(server.count(), asked);
        clock.advance_s(1);
    }
    assert!(verifier.verify(&token).await.is_ok());
    until(|| server.count() == 3).await;
}
