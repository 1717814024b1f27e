//! Guessing, looking for accounts, and looking for what should not be there.

use std::time::Duration;

use credit_ledger::identity::vault::VaultError;
use serde_json::json;

use super::world::{PASSWORD, World};

#[tokio::test]
async fn guessing_is_slowed_down_and_the_owner_is_not_locked_out() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let guess = async |email: &str, password: &str| {
        world.anyone().post("/auth/login", &json!({ "email": email, "password": password })).await
    };
    let mut refused = 0;
    for number in 0..30 {
        let answer = guess("ann@mail.example", &format!("guess number {number}")).await;
        match answer.status {
            401 => {}
            429 => {
                let problem = answer.problem(429, "too-many-attempts");
                assert!(problem["retry_after_seconds"].as_u64() > Some(0));
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(refused > 20, "{refused} of 30 were refused");
    // An address without an account is treated alike.
    let mut nobodys = 0;
    for number in 0..30 {
        nobodys += usize::from(guess("nobody@mail.example", &format!("guess {number}")).await.status == 429);
    }
    assert!(nobodys > 20, "{nobodys} of 30 were refused");
    // In time the owner gets in, from the same address even.
    world.app.clock.advance(Duration::from_secs(3_600));
    guess("ann@mail.example", PASSWORD).await.expect(200);
}

/// Who has no account can ask for as much as it likes, and does not fill the database.
#[tokio::test]
async fn what_is_refused_for_nobody_leaves_no_rows() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let tokens = world.login("ann@mail.example", PASSWORD).await;
    world.app.clock.advance(Duration::from_secs(3_600));
    let before = world.activity().await.len();
    // Of the right form, and with the id of a session that is there.
    let forged = format!("{}{}", &tokens.refresh[..37], "A".repeat(tokens.refresh.len() - 37));
    let mailed = format!("clm_{}_{}", "0".repeat(32), "A".repeat(43));
    for token in ["garbage", &mailed, &forged, &tokens.access] {
        for _ in 0..10 {
            let anyone = world.anyone();
            anyone.post("/auth/verify-email", &json!({ "token": token })).await.problem(400, "invalid-link");
            let reset = json!({ "token": token, "new_password": PASSWORD });
            anyone.put("/auth/password/reset", &reset).await.problem(400, "invalid-link");
            let refresh = json!({ "refresh_token": token });
            anyone.post("/auth/refresh", &refresh).await.problem(401, "invalid-credentials");
        }
    }
    assert_eq!(world.activity().await.len(), before);
    // Attempts that wait leave none either; nor do mails that are not sent.
    let (mut tried, mut throttled) = (0, 0);
    for number in 0..40 {
        let guess = json!({ "email": "ann@mail.example", "password": format!("guess {number}") });
        match world.anyone().post("/auth/login", &guess).await.status {
            401 => tried += 1,
            _ => throttled += 1,
        }
    }
    assert!(throttled > 30, "{tried} of 40 were tried");
    assert_eq!(world.activity().await.len(), before + tried);
    let (mut asked, before) = (0, before + tried);
    for _ in 0..30 {
        let reset = json!({ "email": "ann@mail.example" });
        asked += usize::from(world.anyone().post("/auth/password/reset", &reset).await.status == 202);
    }
    assert!((20..30).contains(&asked), "{asked} of 30 were answered");
    assert_eq!(world.activity().await.len(), before + 3);
    let mails = world.mails("ann@mail.example").await;
    assert_eq!(mails.iter().filter(|mail| mail.contains("Choose a new password")).count(), 3);
    let register = json!({ "email": "ann@mail.example", "password": PASSWORD });
    world.anyone().post("/auth/register", &register).await.problem(429, "too-many-attempts");
    assert_eq!(world.activity().await.len(), before + 3);
}

/// What is asked about an account that is there and one that is not looks the same.
#[tokio::test]
async fn no_answer_tells_who_has_an_account() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let bare = |answer: crate::support::app::Answer| {
        let mut json = answer.json();
        if let Some(object) = json.as_object_mut() {
            object.remove("request_id");
        }
        (answer.status, json)
    };
    for (path, password) in [("/auth/login", true), ("/auth/password/reset", false), ("/auth/register", true)]
    {
        let ask = async |email: &str| {
            let mut request = json!({ "email": email });
            if password {
                request["password"] = "not the password".into();
            }
            bare(world.anyone().post(path, &request).await)
        };
        assert_eq!(ask("ann@mail.example").await, ask("nobody@mail.example").await, "{path}");
    }
}

#[tokio::test]
async fn secrets_and_addresses_are_in_no_event_and_no_activity() {
    let world = World::new().await;
    world.register("ann@canary.example", "a canary password").await;
    let link = world.token("ann@canary.example").await;
    world.anyone().post("/auth/verify-email", &json!({ "token": link })).await.expect(204);
    let tokens = world.login("ann@canary.example", "a canary password").await;
    world.anyone().post("/auth/refresh", &json!({ "refresh_token": tokens.refresh })).await.expect(200);
    world.anyone().post("/auth/password/reset", &json!({ "email": "ann@canary.example" })).await.expect(202);
    world.settle().await;
    let stored = world.app.stored_from(0).await.join("\n");
    let activity = world.app.operator().get("/v1/activity").await.expect(200).text().to_owned();
    for canary in ["canary", &link[37..], &tokens.refresh[37..], &tokens.access[80..], "127.0.0.1"] {
        assert!(!stored.contains(canary), "the log has {canary}");
        assert!(canary == "127.0.0.1" || !activity.contains(canary), "activity has {canary}");
    }
}

#[tokio::test]
async fn without_its_database_sign_in_is_unavailable_and_nothing_else() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let vault = world.app.ledger.auth.shelf.vault();
    vault.close().await;
    assert!(matches!(vault.expire(events::Time::from_micros(0), 1).await, Err(VaultError::Unavailable(_))));
    let login = json!({ "email": "ann@mail.example", "password": PASSWORD });
    world.anyone().post("/auth/login", &login).await.problem(503, "unavailable");
    world.anyone().post("/auth/register", &login).await.problem(503, "unavailable");
    ann.get("/auth/me").await.problem(503, "unavailable");
    // Tokens are verified, and wallets served, as before.
    ann.get("/auth/apps").await.expect(200);
}
