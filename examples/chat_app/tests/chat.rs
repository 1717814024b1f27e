//! The chat app against a small authorization server and ledger: what it asks of them, and what it
//! answers.

#[path = "chat/world.rs"]
mod world;

use serde_json::{Value, json};
use world::{ALICE, BOB, EVE, FAMILY, FRIENDS, ORG, World, users_token};

#[tokio::test]
async fn a_message_is_checked_charged_kept_and_read() {
    let world = World::new(10).await;
    let alice = users_token(ALICE, ORG);
    let sent = world.send(&alice, FRIENDS, "hello", ALICE).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    assert_eq!(sent.body["content"], "hello");
    assert_eq!((&sent.body["org_id"], &sent.body["sender_id"]), (&json!(ORG), &json!(ALICE)));
    let read = world.read(&users_token(BOB, ORG), FRIENDS, "").await;
    assert_eq!((read.status, &read.body), (200, &json!({ "messages": [sent.body] })));

    let asked = world.asked();
    let of = |path: &str| asked.iter().filter(|asked| asked.path.ends_with(path)).collect::<Vec<_>>();
    assert_eq!(of("/oauth/token").len(), 1, "one service token for all");
    assert!(of("/members").iter().all(|asked| asked.header("authorization") == "Bearer service-token"));
    let charge = of("/deductions")[0];
    assert!(charge.path.contains(ALICE), "{charge:?}");
    assert_eq!(charge.header("x-api-key"), "ledger-key");
    assert_eq!(charge.header("authorization"), format!("Bearer {alice}"), "on her behalf");
    assert_eq!(charge.body, json!({ "service": "chat-message", "cost": "1" }));
    let bob = world::logged_in(BOB);
    assert_eq!(world.send(&bob, FRIENDS, "hi", BOB).await.status, 201);
    let charge = world.asked().pop().expect("a charge");
    assert_eq!((charge.header("x-api-key"), charge.header("authorization")), ("ledger-key", ""), "not ours");
}

#[tokio::test]
async fn who_may_not_is_told_so_and_pays_nothing() {
    let world = World::new(10).await;
    let alice = users_token(ALICE, ORG);
    let stranger = "99999999-9999-4999-8999-999999999999";
    let cases = [
        ("somebody else's name", world.send(&alice, FRIENDS, "hi", BOB).await, 403),
        ("no member", world.send(&alice, FAMILY, "hi", ALICE).await, 403),
        ("another organization", world.send(&users_token(EVE, stranger), FRIENDS, "hi", EVE).await, 404),
        ("reading there", world.read(&users_token(EVE, stranger), FRIENDS, "").await, 404),
        ("reading without being a member", world.read(&alice, FAMILY, "").await, 403),
        ("no such group", world.send(&alice, stranger, "hi", ALICE).await, 404),
        ("no group's id", world.send(&alice, "friends", "hi", ALICE).await, 404),
        ("nothing said", world.send(&alice, FRIENDS, "  ", ALICE).await, 400),
        ("too much", world.send(&alice, FRIENDS, &"x".repeat(4_001), ALICE).await, 400),
        ("a service", world.send(&world::services_token(), FRIENDS, "hi", ALICE).await, 403),
        ("no token of ours", world.send("eyJ.eyJ.x", FRIENDS, "hi", ALICE).await, 401),
        ("nobody", world.send("", FRIENDS, "hi", ALICE).await, 401),
    ];
    for (name, answer, status) in cases {
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{name}");
        assert_eq!(answer.body["status"], status, "{name}");
    }
    assert!(world.asked().iter().all(|asked| !asked.path.ends_with("/deductions")));
    assert_eq!(world.read(&users_token(BOB, ORG), FRIENDS, "").await.body, json!({ "messages": [] }));
}

#[tokio::test]
async fn without_credits_the_ledgers_own_words_are_passed_on() {
    let world = World::new(1).await;
    let alice = users_token(ALICE, ORG);
    assert_eq!(world.send(&alice, FRIENDS, "one", ALICE).await.status, 201);
    let refused = world.send(&alice, FRIENDS, "two", ALICE).await;
    assert_eq!((refused.status, &refused.body["type"]), (402, &json!("/problems/insufficient-credits")));
    let read = world.read(&alice, FRIENDS, "").await;
    assert_eq!(read.body["messages"].as_array().map(Vec::len), Some(1), "what is not paid is not kept");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_paid_and_kept_once() {
    let world = World::new(10).await;
    let (alice, bob) = (users_token(ALICE, ORG), users_token(BOB, ORG));
    let first = world.send_with(&alice, FRIENDS, "hello", ALICE, &[("idempotency-key", "k1")]).await;
    let again = world.send_with(&alice, FRIENDS, "hello", ALICE, &[("idempotency-key", "k1")]).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(world.balance(), 9);
    let other = world.send_with(&bob, FRIENDS, "hello", BOB, &[("idempotency-key", "k1")]).await;
    assert_eq!((other.status, world.balance()), (201, 8), "another user's key is another key");
    assert_ne!(other.body["id"], first.body["id"]);
}

#[tokio::test]
async fn one_id_goes_through_all_services() {
    let world = World::new(10).await;
    let alice = users_token(ALICE, ORG);
    let sent = world.send_with(&alice, FRIENDS, "hi", ALICE, &[("x-correlation-id", "trace-7")]).await;
    assert_eq!((sent.header("x-correlation-id"), sent.header("x-request-id")), ("trace-7", "trace-7"));
    let asked = world.asked();
    let carried: Vec<_> = asked.iter().filter(|asked| asked.header("x-request-id") == "trace-7").collect();
    assert_eq!(carried.len(), 3, "group, members, charge: {asked:#?}");
    let unnamed = world.send(&alice, FRIENDS, "hi", ALICE).await;
    assert_eq!(unnamed.header("x-request-id").len(), 36, "{unnamed:?}");
}

#[tokio::test]
async fn messages_survive_and_are_read_in_pages() {
    let mut world = World::new(10).await;
    let alice = users_token(ALICE, ORG);
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(world.send(&alice, FRIENDS, text, ALICE).await.body["id"].clone());
    }
    world.restart().await;
    let first = world.read(&alice, FRIENDS, "?limit=2").await.body;
    let texts = |page: &Value| -> Vec<String> {
        let page = page["messages"].as_array().expect("messages").iter();
        page.map(|message| message["content"].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!(texts(&first), ["one", "two"]);
    let after = ids[1].as_str().expect("an id");
    assert_eq!(texts(&world.read(&alice, FRIENDS, &format!("?after={after}")).await.body), ["three"]);
}
