//! What an app may do by its own credentials with the wallets of people and groups.

use credit_ledger::identity::Scope;
use events::{GroupRole, UserId};
use serde_json::json;

use super::people::{World, app_id, scopes};
use crate::{
    http::things::{deduct, fund, funded, hold},
    support::app::{Answer, Client},
};

#[track_caller]
fn not_granted(answer: &Answer, scope: &str) {
    assert_eq!(answer.problem(403, "access-not-granted")["required_scope"], scope);
}

async fn check(client: &Client, wallet: &str) -> Answer {
    client.post(&format!("/v1/wallets/{wallet}/checks"), &json!({ "service": "chat", "cost": "1" })).await
}

/// A user who has credits.
async fn paid_for(world: &World) -> (UserId, String) {
    let user = world.user(&[]).await;
    fund(&world.admin, &user.to_string(), "100").await;
    (user, user.to_string())
}

#[tokio::test]
async fn a_user_s_credits_are_spent_only_with_its_access() {
    let world = World::new().await;
    let (user, wallet) = paid_for(&world).await;
    let service = world.service(scopes("credits:check credits:deduct credits:hold"));
    for app in [&world.chat, &service] {
        let before = world.app.head();
        not_granted(&check(app, &wallet).await, "credits:check");
        not_granted(&deduct(app, &wallet, "d", "1").await, "credits:deduct");
        not_granted(&hold(app, &wallet, "h", "1").await, "credits:hold");
        let compatible = app.post("/api/mcp/v1/credits/deduct", &json!({ "service": "chat", "cost": 1 }));
        not_granted(&compatible.header("x-user-id", &wallet).await, "credits:deduct");
        let items = json!([{ "wallet": wallet, "idempotency_key": "i", "service": "chat", "cost": "1" }]);
        let batch = app.post("/v1/deductions:batch", &json!({ "items": items })).await.expect(200).json();
        assert_eq!(batch["results"][0]["code"], "access-not-granted");
        let atomic =
            json!({ "atomic": true, "wallet": wallet, "items": [{ "service": "chat", "cost": "1" }] });
        not_granted(&app.post("/v1/deductions:batch", &atomic).key("a").await, "credits:deduct");
        assert_eq!(world.app.head(), before);
    }
    world.grant(user, scopes("credits:check credits:deduct")).await;
    for (app, key) in [(&world.chat, "1"), (&service, "2")] {
        check(app, &wallet).await.expect(200);
        deduct(app, &wallet, key, "1").await.expect(201);
        not_granted(&hold(app, &wallet, "h", "1").await, "credits:hold");
        let held = json!({ "service": "chat", "cost": "1", "hold": true, "timeout_seconds": 60 });
        not_granted(&app.post(&format!("/v1/wallets/{wallet}/checks"), &held).await, "credits:hold");
    }
    // Another app has nothing of that.
    let other = world.app.with_scopes([Scope::CreditsDeduct]).await;
    not_granted(&deduct(&other, &wallet, "d", "1").await, "credits:deduct");
}

#[tokio::test]
async fn what_was_taken_can_be_given_back_after_access_has_ended() {
    let world = World::new().await;
    let (user, wallet) = paid_for(&world).await;
    world.grant(user, scopes("credits:deduct credits:hold")).await;
    let spent = deduct(&world.chat, &wallet, "d", "1").await.expect(201).member("id");
    let held = hold(&world.chat, &wallet, "h", "5").await.expect(201).member("id");
    world.app.ledger.identity.revoke_access(user, app_id(&world.chat), None).await.expect("revoked");
    let capture = json!({ "cost": "1" });
    let captures = format!("/v1/holds/{held}/captures");
    not_granted(&world.chat.post(&captures, &capture).key("c").await, "credits:hold");
    world.chat.post(&format!("/v1/holds/{held}/release"), &json!({})).key("r").await.expect(200);
    let returns = world.app.another_key(&world.chat, &[Scope::CreditsRollback]).await;
    returns.post(&format!("/v1/deductions/{spent}/rollbacks"), &json!({})).key("b").await.expect(201);
}

#[tokio::test]
async fn administrators_and_wallets_of_nobody_need_no_access() {
    let world = World::new().await;
    let (_, wallet) = paid_for(&world).await;
    deduct(&world.admin, &wallet, "d", "1").await.expect(201);
    deduct(&world.app.operator(), &wallet, "d", "1").await.expect(201);
    let nobody_s = funded(&world.admin, "10").await;
    deduct(&world.chat, &nobody_s, "d", "1").await.expect(201);
}

#[tokio::test]
async fn a_group_s_wallet_is_its_members() {
    let world = World::new().await;
    let identity = &world.app.ledger.identity;
    let group = identity.register_group(world.org(), "crew", None).await.expect("a group").id;
    let wallet = group.to_string();
    fund(&world.admin, &wallet, "100").await;
    let (ada, eve) = (world.user(&[]).await, world.user(&[]).await);
    for user in [ada, eve] {
        world.grant(user, scopes("credits:deduct")).await;
    }
    not_granted(&deduct(&world.chat, &wallet, "d", "1").await, "credits:deduct");
    let own = world.on_behalf(&world.chat, ada, scopes("credits:deduct"));
    deduct(&own, &wallet, "d", "1").await.problem(404, "not-found");
    identity.add_member(group, ada, GroupRole::Member, None, None).await.expect("a member");
    deduct(&world.chat, &wallet, "d", "1").await.expect(201);
    deduct(&own, &wallet, "d", "1").await.expect(201);
    deduct(&world.signed_in("here", ada), &wallet, "d", "1").await.expect(201);
    deduct(&world.signed_in("not a member", eve), &wallet, "d", "1").await.problem(404, "not-found");
    identity.remove_member(group, ada, None).await.expect("no member");
    not_granted(&deduct(&world.chat, &wallet, "e", "1").await, "credits:deduct");
    deduct(&own, &wallet, "e", "1").await.problem(404, "not-found");
}
