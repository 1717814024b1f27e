//! Registering tells nobody who has an account, and gives nobody another one's.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::world::{PASSWORD, World};
use crate::support::app::{Home, OTHER_ORGANIZATION};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn who_registers_confirms_the_address_and_signs_in() {
    let world = World::new().await;
    let request = json!({ "email": " Ann@Mail.Example", "password": PASSWORD, "name": "Ann Lee" });
    let told = world.anyone().post("/auth/register", &request).await.expect(202);
    assert_eq!(told.json(), json!({ "status": "mail-on-its-way" }));
    let login = json!({ "email": "ann@mail.example", "password": PASSWORD });
    let token = world.token("ann@mail.example").await;
    // Not before the address is confirmed. With the right password or another, it is told alike.
    let wrong = json!({ "email": "ann@mail.example", "password": "another password" });
    let told = async |request: &serde_json::Value| {
        let answer = world.anyone().post("/auth/login", request).await;
        answer.problem(401, "invalid-credentials")["detail"].clone()
    };
    assert_eq!(told(&login).await, told(&wrong).await);
    world.anyone().post("/auth/verify-email", &json!({ "token": token })).await.expect(204);
    let again = world.anyone().post("/auth/verify-email", &json!({ "token": token }));
    again.await.problem(400, "invalid-link");
    let user = world.bearer(&world.login("ANN@mail.example", PASSWORD).await.access);
    let me = user.get("/auth/me").await.expect(200).json();
    assert_eq!(
        (&me["email"], &me["name"], &me["roles"], &me["email_verified"]),
        (&json!("ann@mail.example"), &json!("Ann Lee"), &json!(["customer"]), &json!(true))
    );
    // Straight to its credits: the wallet is open, and empty.
    let wallet = me["user_id"].as_str().expect("an id");
    let check = json!({ "service": "chat", "cost": "1" });
    let answer = user.post(&format!("/v1/wallets/{wallet}/checks"), &check).await.expect(200).json();
    assert_eq!((&answer["sufficient"], &answer["balance"]), (&json!(false), &json!("0")));
}

#[tokio::test]
async fn a_known_address_answers_like_a_new_one_and_its_owner_is_told() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let head = world.app.head();
    let request = json!({ "email": "ann@mail.example", "password": "of somebody else" });
    let told = world.anyone().post("/auth/register", &request).await.expect(202);
    assert_eq!(told.json(), json!({ "status": "mail-on-its-way" }));
    let mails = world.mails("ann@mail.example").await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].contains("already have an account") && !mails[1].contains("?token="), "{}", mails[1]);
    assert_eq!(world.app.head(), head, "nothing was recorded");
    world.login("ann@mail.example", PASSWORD).await;
    let wrong = json!({ "email": "ann@mail.example", "password": "of somebody else" });
    world.anyone().post("/auth/login", &wrong).await.problem(401, "invalid-credentials");
}

/// Who registers with somebody else's address sets no password there, whichever of two mails that look the
/// same the owner opens.
#[tokio::test]
async fn an_account_is_not_hijacked_before_its_owner_comes() {
    for opened in [0, 1] {
        let world = World::new().await;
        world.register("ann@mail.example", "the attacker's own").await;
        let attackers = world.token("ann@mail.example").await;
        world.register("ann@mail.example", PASSWORD).await;
        let owners = world.token("ann@mail.example").await;
        assert_ne!(attackers, owners);
        let links = [attackers, owners];
        world.verify(&links[opened]).await.expect(202);
        // The other link died with this one.
        world.verify(&links[1 - opened]).await.problem(400, "invalid-link");
        for password in ["the attacker's own", PASSWORD] {
            let login = json!({ "email": "ann@mail.example", "password": password });
            world.anyone().post("/auth/login", &login).await.problem(401, "invalid-credentials");
        }
        assert!(world.activity().await.contains(&"email_verification done contested".to_owned()));
        let mails = world.mails("ann@mail.example").await;
        assert!(mails.last().expect("a mail").contains("Choose your password"), "{mails:?}");
        world.choose("ann@mail.example", PASSWORD).await;
        world.login("ann@mail.example", PASSWORD).await;
    }
}

/// A registration that is not mailed any more counts all the same: what was mailed may all be somebody's.
#[tokio::test]
async fn who_takes_all_mails_up_sets_no_password_either() {
    let world = World::new().await;
    world.register("ann@mail.example", "the attacker's own").await;
    let attackers = world.token("ann@mail.example").await;
    for _ in 0..2 {
        let reset = json!({ "email": "ann@mail.example" });
        world.anyone().post("/auth/password/reset", &reset).await.expect(202);
        world.settle().await;
    }
    world.register("ann@mail.example", PASSWORD).await;
    assert_eq!(world.mails("ann@mail.example").await.len(), 3);
    world.verify(&attackers).await.expect(202);
    let attack = json!({ "email": "ann@mail.example", "password": "the attacker's own" });
    world.anyone().post("/auth/login", &attack).await.problem(401, "invalid-credentials");
}

/// A link that comes after the confirmation, such as of a registration at the same moment, opens nothing.
#[tokio::test]
async fn a_confirmed_account_without_a_password_takes_none_that_waits() {
    let world = World::new().await;
    world.register("ann@mail.example", "the attacker's own").await;
    let attack = json!({ "email": "ann@mail.example", "password": "the attacker's own" });
    world.anyone().post("/auth/login", &attack).await.problem(401, "invalid-credentials");
    // The fact alone, as between it and the password of a confirmation.
    let ann = world.owner("ann@mail.example").await;
    world.app.ledger.identity.verify_user(ann, None).await.expect("recorded");
    world.anyone().post("/auth/login", &attack).await.problem(401, "invalid-credentials");
    assert!(world.activity().await.contains(&"sign_in refused address not confirmed".to_owned()));
}

/// Who asked for an address in one organization and never confirmed it keeps its owner from no other; of
/// both links the first that is opened counts.
#[tokio::test]
async fn an_unconfirmed_address_is_taken_in_no_other_organization() {
    let world = World::new().await;
    world.app.stranger().await;
    let register = async |organization: &str, password: &str| {
        let email = "ann@mail.example";
        let request = json!({ "email": email, "password": password, "organization": organization });
        world.anyone().post("/auth/register", &request).await.expect(202);
        (world.token(email).await, world.owner(email).await)
    };
    let org = |user| world.app.ledger.identity.user(user).expect("a user").org;
    let (first, attackers) = register(OTHER_ORGANIZATION, "the attacker's own").await;
    let (second, owners) = register("default", PASSWORD).await;
    assert_ne!(org(attackers), org(owners));
    // The same organization again: the same user.
    assert_eq!(register("default", PASSWORD).await.1, owners);
    world.app.clock.advance(HOUR);
    world.verify(&second).await.expect(202);
    world.choose("ann@mail.example", PASSWORD).await;
    world.login("ann@mail.example", PASSWORD).await;
    world.verify(&first).await.problem(400, "invalid-link");
    // Confirmed, it is taken everywhere.
    world.app.clock.advance(HOUR);
    world.register("ann@mail.example", PASSWORD).await;
    let again =
        json!({ "email": "ann@mail.example", "password": PASSWORD, "organization": OTHER_ORGANIZATION });
    world.anyone().post("/auth/register", &again).await.expect(202);
    assert!(
        world.mails("ann@mail.example").await.last().expect("a mail").contains("already have an account")
    );
    assert_eq!(world.owner("ann@mail.example").await, owners);
    world.login("ann@mail.example", PASSWORD).await;
}

/// Whoever asked last has the address only until it is confirmed; the password of neither counts.
#[tokio::test]
async fn the_first_link_that_is_opened_takes_the_address_back() {
    let world = World::new().await;
    world.app.stranger().await;
    world.register("ann@mail.example", PASSWORD).await;
    let (ours, ann) = (world.token("ann@mail.example").await, world.owner("ann@mail.example").await);
    let other = json!({ "email": "ann@mail.example", "password": "the attacker's own", "organization": OTHER_ORGANIZATION });
    world.anyone().post("/auth/register", &other).await.expect(202);
    world.settle().await;
    assert_ne!(world.owner("ann@mail.example").await, ann);
    let theirs = world.token("ann@mail.example").await;
    world.verify(&ours).await.expect(202);
    assert_eq!(world.owner("ann@mail.example").await, ann);
    world.choose("ann@mail.example", PASSWORD).await;
    world.login("ann@mail.example", PASSWORD).await;
    world.verify(&theirs).await.problem(400, "invalid-link");
    // Nor when the one who asked last is confirmed, ...
    let world = World::new().await;
    world.app.stranger().await;
    world.register("ann@mail.example", PASSWORD).await;
    world.anyone().post("/auth/register", &other).await.expect(202);
    world.verify(&world.token("ann@mail.example").await).await.expect(202);
    let attack = json!({ "email": "ann@mail.example", "password": "the attacker's own" });
    world.anyone().post("/auth/login", &attack).await.problem(401, "invalid-credentials");
    // ... until no other link can be good.
    let world = World::new().await;
    world.app.stranger().await;
    world.anyone().post("/auth/register", &other).await.expect(202);
    world.settle().await;
    world.register("ann@mail.example", PASSWORD).await;
    world.app.clock.advance(24 * HOUR);
    world.register("ann@mail.example", PASSWORD).await;
    world.verify(&world.token("ann@mail.example").await).await.expect(204);
    world.login("ann@mail.example", PASSWORD).await;
}

#[tokio::test]
async fn of_many_registrations_at_once_one_user_follows() {
    let world = World::new().await;
    let request = json!({ "email": "ann@mail.example", "password": PASSWORD });
    let anyone = world.anyone();
    let many = (0..8).map(|_| async { anyone.post("/auth/register", &request).await.expect(202) });
    join_all(many).await;
    world.settle().await;
    let users = world.app.operator().get("/v1/users").await.expect(200).json();
    assert_eq!(users["data"].as_array().map(Vec::len), Some(1), "{users}");
    assert_eq!(world.mails("ann@mail.example").await.len(), 3, "and no address is flooded");
}

#[tokio::test]
async fn what_cannot_be_taken_is_told() {
    let world = World::new().await;
    let ask = async |email: &str, password: &str, name: &str| {
        let request = json!({ "email": email, "password": password, "name": name });
        world.anyone().post("/auth/register", &request).await
    };
    for email in ["", "ann", "ann@", "@mail.example", "a\nb@mail.example", "a@[127.0.0.1]", "a@b@c.example"] {
        ask(email, PASSWORD, "Ann").await.problem(400, "bad-request");
    }
    for password in ["", "1234567", "password", "aaaaaaaaaa", "ann@mail.example", &"x".repeat(1_025)] {
        ask("ann@mail.example", password, "Ann").await.problem(422, "password-refused");
    }
    for name in ["", "  ", "a\u{0}b", &"x".repeat(101)] {
        ask("ann@mail.example", PASSWORD, name).await.problem(400, "bad-request");
    }
    let elsewhere = json!({ "email": "ann@mail.example", "password": PASSWORD, "organization": "nowhere" });
    world.anyone().post("/auth/register", &elsewhere).await.problem(404, "not-found");
    assert!(world.mails("ann@mail.example").await.is_empty());
}

#[tokio::test]
async fn users_are_there_after_a_restart_and_in_a_database() {
    for home in [Home::embedded(), Home::postgres().await] {
        let world = World::of(home).await;
        world.user("ann@mail.example").await;
        let tokens = world.login("ann@mail.example", PASSWORD).await;
        let world = World::of(world.app.end().await).await;
        let me = world.bearer(&tokens.access).get("/auth/me").await.expect(200).json();
        assert_eq!(me["email"], "ann@mail.example");
        let request = json!({ "refresh_token": tokens.refresh });
        world.anyone().post("/auth/refresh", &request).await.expect(200);
        world.login("ann@mail.example", PASSWORD).await;
    }
}
