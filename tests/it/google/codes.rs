//! Codes that are carried over: how long they count, and how often one may guess.

use credit_ledger::identity::vault::ActivityKind;
use futures::future::join_all;
use serde_json::json;

use super::{World, app_id};

const CODE: &str = "invalid-credentials";

#[tokio::test]
async fn a_code_waits_ten_minutes_and_then_lives_seven_days() {
    let world = World::start().await;
    for (late, status) in [(599, 200), (601, 401)] {
        let code = world.code().await;
        world.advance(late);
        assert_eq!(world.verify(&code).await.status, status, "{late}");
    }
    let code = world.code().await;
    let until = world.verify(&code).await.expect(200).json()["expires_at"].clone();
    world.advance(7 * 86_400 - 1);
    assert_eq!(world.verify(&code).await.expect(200).json()["expires_at"], until, "no use prolongs it again");
    world.advance(2);
    world.verify(&code).await.problem(401, CODE);
}

#[tokio::test]
async fn of_many_first_uses_at_once_all_are_told_the_same() {
    let world = World::start().await;
    let code = world.code().await;
    let answers = join_all((0..20).map(|_| world.verify(&code))).await;
    let bodies: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let stored = world.app.stored_from(0).await;
    assert!(stored.iter().any(|event| event.contains("auth.session_verified")));
}

#[tokio::test]
async fn what_the_user_ends_does_not_come_back() {
    let world = World::start().await;
    let identity = &world.app.ledger.identity;
    let users = &world.app.ledger.auth.users;
    let origin = credit_ledger::identity::users::Origin { address: [192, 0, 2, 7].into(), agent: "".into() };
    let (app, org) = (app_id(&world.sora), world.app.ledger.default_org);

    let code = world.code().await;
    let session = world.verify(&code).await.expect(200).json()["session_id"].clone();
    let user = identity.users(org, None, 1)[0].id;
    let session = session.as_str().expect("an id").parse().expect("an id");
    users.end_session(user, session, "logout", &origin).await.expect("ended");
    world.verify(&code).await.problem(401, CODE);
    // Later than the directory remembers ends of sessions.
    world.advance(2 * 3_600);
    world.code().await;
    world.verify(&code).await.problem(401, CODE);

    let code = world.code().await;
    world.verify(&code).await.expect(200);
    identity.revoke_access(user, app, None).await.expect("revoked");
    world.verify(&code).await.problem(401, CODE);
    world.advance(1);
    let newer = world.code().await;
    world.verify(&newer).await.expect(200);
    world.verify(&code).await.problem(401, CODE);

    let unused = world.code().await;
    world.advance(1);
    users.end_sessions(user, "logout", None, &origin).await.expect("ended");
    for code in [&newer, &unused] {
        world.verify(code).await.problem(401, CODE);
    }
    world.advance(1);
    let code = world.code().await;
    world.verify(&code).await.expect(200);
    identity.disable_user(user, "fraud", None).await.expect("disabled");
    world.verify(&code).await.problem(401, CODE);
    let mut browser = world.browser();
    let answer = browser.signs_in("session=s1&return_to=chatgpt").await;
    super::refused(&answer, 403, "This account is disabled");
}

#[tokio::test]
async fn the_eleventh_unknown_code_is_locked_and_known_ones_pass() {
    let world = World::start().await;
    let code = world.code().await;
    world.verify(&code).await.expect(200);
    let wrong = ["VERIFIED-AAAAAAAAAAAAAAAAAAAAAAAAAA", "VERIFIED-", "nonsense"];
    for guess in 0..10 {
        let answer = world.verify(wrong[guess % 3]).await;
        let problem = answer.problem(401, CODE);
        assert!(!problem.to_string().contains("AAAA"));
    }
    for wrong in wrong {
        let locked = world.verify(wrong).await;
        locked.problem(429, "too-many-attempts");
        assert_eq!(locked.header("retry-after"), "600");
    }
    // One address is an app's server, from which all of its users' codes come.
    world.verify(&code).await.expect(200);
    let newer = world.code().await;
    world.verify(&newer).await.expect(200);
    world.verify_from("203.0.113.10", "nonsense").await.problem(401, CODE);
    world.advance(601);
    world.verify("nonsense").await.problem(401, CODE);
    let twice = world.app.anonymous().get("/api/auth/verify-session");
    let twice = twice.header("x-session-token", &code).header("x-session-token", &code).await;
    twice.problem(400, "bad-request");
    let stored = world.app.stored_from(0).await;
    assert!(!stored.iter().any(|event| event.contains(&json!(code).to_string())));
}

#[tokio::test]
async fn a_known_code_that_has_ended_is_no_guess() {
    let world = World::start().await;
    let (ended, code) = (world.code().await, world.code().await);
    world.verify(&ended).await.expect(200);
    let user = world.app.ledger.identity.users(world.app.ledger.default_org, None, 1)[0].id;
    world.app.ledger.identity.revoke_access(user, app_id(&world.sora), None).await.expect("revoked");
    for _ in 0..20 {
        world.verify(&ended).await.problem(401, CODE);
        world.verify(&code).await.problem(401, CODE);
    }
    assert_eq!(world.noted(ActivityKind::SecurityAlert).await, [""; 0]);
}
