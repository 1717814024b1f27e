//! The lives of signing keys.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;

use super::*;
use crate::identity::{
    Pepper,
    seal::Seal,
    vault::{Kind, Shelf, Vault, memory::MemoryVault},
};

const LEAD_S: i64 = 600;

fn states(tokens: &Tokens) -> Vec<KeyState> {
    tokens.keys().iter().map(|key| key.state).collect()
}

fn names(tokens: &Tokens) -> Vec<String> {
    let jwks: Value = serde_json::from_str(&tokens.jwks()).expect("JSON");
    let keys = jwks["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_is_there_again_after_a_restart() {
    let world = World::new().await;
    assert_eq!(states(&world.tokens), [KeyState::Active]);
    let again = replica(&world.store, 10).await;
    assert_eq!(names(&again), names(&world.tokens));
    again.verify_access(&world.token(), at(0)).expect("the same key");
}

#[tokio::test]
async fn a_new_key_is_public_before_it_signs_and_the_old_one_until_its_tokens_are_over() {
    let world = World::new().await;
    let tokens = &world.tokens;
    let old = world.kid();
    let new = tokens.rotate(at(0)).await.expect("rotated");
    assert_eq!(tokens.rotate(at(1)).await.expect("it waits already"), new);
    assert_eq!(states(tokens), [KeyState::Active, KeyState::Published]);
    assert_eq!(names(tokens), [old.clone(), new.to_string()]);
    tokens.tend(at(LEAD_S - 1)).await.expect("nothing to do");
    assert_eq!(world.kid(), old);
    let (last, _) = tokens.issue_access(&grant(), at(LEAD_S - 1)).expect("a token");

    tokens.tend(at(LEAD_S)).await.expect("moved on");
    assert_eq!((states(tokens), world.kid()), (vec![KeyState::Retained, KeyState::Active], new.to_string()));
    tokens.verify_access(&last, at(LEAD_S + 898)).expect("the old key's last token");
    let stored = world.store.load().await.expect("a ring");
    assert!(stored.keys[0].private.is_none(), "the old key's private half is gone");

    tokens.tend(at(LEAD_S + 904)).await.expect("nothing to do");
    assert_eq!(states(tokens), [KeyState::Retained, KeyState::Active]);
    tokens.tend(at(LEAD_S + 905)).await.expect("moved on");
    assert_eq!(names(tokens), [new.to_string()]);
    let told: Vec<_> = tokens.untold();
    assert_eq!(
        told.iter().map(|(_, state)| *state).collect::<Vec<_>>(),
        [KeyState::Revoked, KeyState::Active]
    );
    tokens.told(&told, at(LEAD_S + 905)).await.expect("told");
    tokens.tend(at(LEAD_S + 906)).await.expect("moved on");
    assert_eq!((states(tokens), tokens.untold().len()), (vec![KeyState::Active], 0));
}

#[tokio::test]
async fn a_revoked_key_ends_with_all_its_tokens_and_another_one_signs() {
    let world = World::new().await;
    let (token, old) = (world.token(), world.kid());
    world.tokens.verify_access(&token, at(0)).expect("it is cached");
    world.tokens.revoke_key(&old, at(1)).await.expect("revoked");
    assert_eq!(world.tokens.verify_access(&token, at(1)).map(drop), Err(TokenFault::UnknownKey));
    assert_ne!(world.kid(), old);
    assert_eq!(names(&world.tokens), [world.kid()]);
    let fresh = world.token();
    world.tokens.verify_access(&fresh, at(1)).expect("the new key's token");
    // A key that waited takes over at once.
    let waiting = world.tokens.rotate(at(2)).await.expect("rotated");
    world.tokens.revoke_key(&world.kid(), at(3)).await.expect("revoked");
    assert_eq!(world.kid(), *waiting);
    assert!(matches!(world.tokens.revoke_key("no such key", at(3)).await, Err(KeysError::NotFound)));
}

#[tokio::test]
async fn replicas_share_the_ring() {
    let world = World::new().await;
    let other = replica(&world.store, 0).await;
    let (one, two) = tokio::join!(world.tokens.rotate(at(0)), other.rotate(at(0)));
    assert_eq!(one.expect("rotated"), two.expect("rotated"), "one new key, whoever made it");
    world.tokens.tend(at(LEAD_S)).await.expect("moved on");
    // The other replica has not noticed yet, and takes the new key's tokens: they are published.
    let (token, _) = world.tokens.issue_access(&grant(), at(LEAD_S)).expect("a token");
    other.verify_access(&token, at(LEAD_S)).expect("a published key's token");
    // A key that it has never seen.
    world.tokens.revoke_key(&world.kid(), at(LEAD_S)).await.expect("revoked");
    let (token, _) = world.tokens.issue_access(&grant(), at(LEAD_S)).expect("a token");
    assert_eq!(other.verify_access(&token, at(LEAD_S)).map(drop), Err(TokenFault::UnknownKey));
    assert!(other.look_for_key(at(LEAD_S)).await.expect("looked"));
    other.verify_access(&token, at(LEAD_S)).expect("now it is known");
}

#[tokio::test]
async fn in_the_vault_the_keys_are_sealed_and_shared() {
    let vault = Arc::new(MemoryVault::new());
    let open = async |pepper: u8| {
        let seal = Seal::new(&Pepper::from_bytes(&[pepper; 32]), events::LedgerId(uuid::Uuid::nil()));
        let entropy = || Box::new(Generator::from_seed(1));
        let keys = VaultKeys::new(Shelf::new(vault.clone()), Arc::new(seal), entropy());
        Tokens::open(TokenSettings::at(ISSUER), Arc::new(keys), PrivateKey::generate, entropy(), at(0)).await
    };
    let one = open(7).await.expect("tokens");
    let other = open(7).await.expect("tokens");
    let (token, _) = one.issue_access(&grant(), at(0)).expect("a token");
    other.verify_access(&token, at(0)).expect("the same key");
    other.rotate(at(0)).await.expect("rotated");
    one.tend(at(LEAD_S)).await.expect("moved on");
    assert_eq!(states(&one), [KeyState::Retained, KeyState::Active]);
    let rows = vault.all(Kind::SigningKey, None, 10, at(0)).await.expect("rows");
    let [row] = rows.as_slice() else { panic!("one row: {rows:?}") };
    // What begins a private key in PKCS #8, in base64.
    assert!(!row.body.contains("MIIEv") && row.body.matches("s1.").count() == 1, "{}", row.body);
    assert!(open(8).await.is_err(), "another pepper opens nothing, and replaces nothing");
    other.tend(at(LEAD_S)).await.expect("still there");
}

/// Counts how often it is read.
#[derive(Default)]
struct Counted(MemoryKeys, AtomicUsize);

impl KeyStore for Counted {
    fn load(&self) -> BoxFuture<'_, Result<StoredRing, KeyStoreError>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.load()
    }
    fn replace(&self, ring: StoredRing) -> BoxFuture<'_, Result<bool, KeyStoreError>> {
        self.0.replace(ring)
    }
}

#[tokio::test]
async fn ten_thousand_made_up_keys_cause_one_look_in_30_seconds() {
    let store = Arc::new(Counted::default());
    let entropy = Box::new(Generator::from_seed(1));
    let settings = TokenSettings::at(ISSUER);
    let tokens =
        Tokens::open(settings, store.clone(), PrivateKey::generate, entropy, at(0)).await.expect("tokens");
    let before = store.1.load(Ordering::Relaxed);
    for number in 0..10_000 {
        let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": format!("made-up-{number}") });
        let token = format!("{}.e30.AAAA", encoded(&header.to_string()));
        let now = at(number / 1_000);
        assert_eq!(tokens.verify_access(&token, now).map(drop), Err(TokenFault::UnknownKey));
        tokens.look_for_key(now).await.expect("looked or not");
    }
    assert_eq!(store.1.load(Ordering::Relaxed) - before, 1);
    tokens.look_for_key(at(30)).await.expect("looked");
    assert_eq!(store.1.load(Ordering::Relaxed) - before, 2);
}
