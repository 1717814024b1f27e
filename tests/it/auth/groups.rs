//! Groups: who sees them, who changes them, and the wallet that a group may own.

use credit_ledger::identity::Scope;
use events::{UserId, UserRole};
use serde_json::{Value, json};

use super::people::{World, everything, scopes};
use crate::{
    http::things::{deduct, fund},
    support::app::Client,
};

const NOBODY: &str = "99999999-9999-4999-8999-999999999999";

/// A group with this member, made by a key.
async fn group_of(world: &World, member: UserId) -> String {
    let keeper = keeper(world).await;
    let group = keeper.post("/api/auth/groups", &json!({ "name": "E2E Test Group" })).await.expect(201);
    let path = format!("/api/auth/groups/{}/members", group.member("id"));
    keeper.post(&path, &json!({ "user_id": member })).await.expect(201);
    group.member("id")
}

async fn keeper(world: &World) -> Client {
    world.app.with_scopes([Scope::GroupsAdmin, Scope::MembersRead]).await
}

fn members(body: &Value) -> Vec<&str> {
    let members = body["members"].as_array().expect("members").iter();
    members.map(|member| member["user_id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_service_reads_a_group_and_its_members_and_no_addresses() {
    let world = World::new().await;
    let ann = world.user(&[]).await;
    let group = group_of(&world, ann).await;
    let service = world.service(scopes("groups:read members:read"));
    let path = format!("/api/auth/groups/{group}");
    let body = service.get(&path).await.expect(200).json();
    let shown = json!({
        "id": group, "name": "E2E Test Group", "org_id": world.org(), "created_at": body["created_at"], "member_count": 1,
    });
    assert_eq!(body, shown);
    let body = service.get(&format!("{path}/members")).await.expect(200).json();
    let added = body["members"][0]["added_at"].clone();
    let shown =
        json!({ "members": [{ "user_id": ann, "role": "member", "added_at": added, "added_by": null }] });
    assert_eq!(body, shown);
    world.service(scopes("groups:read")).get(&format!("{path}/members")).await.problem(403, "forbidden");
    service.delete(&format!("{path}/members/{ann}")).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_customer_sees_the_groups_it_is_in() {
    let world = World::new().await;
    let [ann, eve] = [world.user(&[]).await, world.user(&[]).await];
    let group = group_of(&world, ann).await;
    let path = format!("/api/auth/groups/{group}");
    let listed = async |client: &Client| {
        let body = client.get("/api/auth/groups").await.expect(200).json();
        body["groups"].as_array().expect("groups").len()
    };
    let insiders = [
        world.signed_in("ann", ann),
        world.through_chat(ann, scopes("groups:read members:read")),
        world.signed_in("an admin", world.user(&[UserRole::Admin]).await),
    ];
    for client in &insiders {
        client.get(&path).await.expect(200);
        client.get(&format!("{path}/members")).await.expect(200);
        assert_eq!(listed(client).await, 1, "{}", client.name);
    }
    let stranger = world.signed_in("eve", eve);
    for path in [path.as_str(), &format!("{path}/members")] {
        stranger.get(path).await.problem(404, "not-found");
    }
    assert_eq!(listed(&stranger).await, 0);
    let change = json!({ "user_id": eve });
    for client in [&insiders[0], &stranger] {
        client.post("/api/auth/groups", &json!({ "name": "mine" })).await.problem(403, "forbidden");
        client.post(&format!("{path}/members"), &change).await.problem(403, "forbidden");
        client.delete(&format!("{path}/members/{ann}")).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn members_come_and_go_and_change_nothing_twice() {
    let world = World::new().await;
    let [ann, ben] = [world.user(&[]).await, world.user(&[]).await];
    let group = group_of(&world, ann).await;
    let path = format!("/api/auth/groups/{group}/members");
    let boss = world.user(&[UserRole::Admin]).await;
    let admin = world.signed_in("an admin", boss);
    let added = admin.post(&path, &json!({ "user_id": ben, "role": "admin" })).await.expect(201).json();
    assert_eq!((&added["role"], &added["added_by"]), (&json!("admin"), &json!(boss)));
    let before = world.app.head();
    admin.post(&path, &json!({ "user_id": ben, "role": "admin" })).await.expect(201);
    assert_eq!(world.app.head(), before);
    assert_eq!(members(&admin.get(&path).await.expect(200).json()).len(), 2);
    for _ in 0..2 {
        admin.delete(&format!("{path}/{ann}")).await.expect(204);
        assert_eq!(world.app.head().get(), before.get() + 1);
    }
    assert_eq!(members(&admin.get(&path).await.expect(200).json()), [ben.to_string()]);
    world.signed_in("ann", ann).get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn names_are_unique_and_what_is_not_there_is_not_found() {
    let world = World::new().await;
    let ann = world.user(&[]).await;
    let group = group_of(&world, ann).await;
    let keeper = keeper(&world).await;
    keeper.post("/api/auth/groups", &json!({ "name": "E2E Test Group" })).await.problem(409, "conflict");
    for name in ["", "a\nb", &"x".repeat(65)] {
        keeper.post("/api/auth/groups", &json!({ "name": name })).await.problem(400, "bad-request");
    }
    for path in [format!("/api/auth/groups/{NOBODY}"), "/api/auth/groups/friends".to_owned()] {
        keeper.get(&path).await.problem(404, "not-found");
        keeper.get(&format!("{path}/members")).await.problem(404, "not-found");
        let add = keeper.post(&format!("{path}/members"), &json!({ "user_id": ann })).await;
        add.problem(404, "not-found");
    }
    let path = format!("/api/auth/groups/{group}/members");
    keeper.post(&path, &json!({ "user_id": NOBODY })).await.problem(404, "not-found");
    keeper.post(&path, &json!({ "user_id": ann, "role": "owner" })).await.problem(400, "bad-request");
    keeper.delete(&format!("{path}/{NOBODY}")).await.problem(404, "not-found");
    keeper.delete(&format!("{path}/ann")).await.problem(404, "not-found");
}

#[tokio::test]
async fn another_organization_has_none_of_it() {
    let world = World::new().await;
    let ann = world.user(&[]).await;
    let group = group_of(&world, ann).await;
    let stranger = world.app.stranger().await;
    let path = format!("/api/auth/groups/{group}");
    for path in [path.as_str(), &format!("{path}/members")] {
        stranger.get(path).await.problem(404, "not-found");
    }
    // Nor can its groups take in somebody of ours.
    let theirs = stranger.post("/api/auth/groups", &json!({ "name": "theirs" })).await.expect(201);
    let theirs = format!("/api/auth/groups/{}/members", theirs.member("id"));
    stranger.post(&theirs, &json!({ "user_id": ann })).await.problem(404, "not-found");
}

#[tokio::test]
async fn groups_are_listed_in_pages() {
    let world = World::new().await;
    let keeper = keeper(&world).await;
    for name in ["one", "two", "three"] {
        keeper.post("/api/auth/groups", &json!({ "name": name })).await.expect(201);
    }
    let first = keeper.get("/api/auth/groups?limit=2").await.expect(200).json();
    assert_eq!(first["groups"].as_array().map(Vec::len), Some(2));
    let next = first["next"].as_str().expect("there is more");
    let last = keeper.get(&format!("/api/auth/groups?limit=2&after={next}")).await.expect(200).json();
    assert_eq!((last["groups"].as_array().map(Vec::len), &last["next"]), (Some(1), &Value::Null));
}

/// A group's wallet has its id. The apps that its members let in spend it, and the members themselves.
#[tokio::test]
async fn a_group_owns_a_wallet_that_its_members_apps_spend() {
    let world = World::new().await;
    let [ann, eve] = [world.user(&[]).await, world.user(&[]).await];
    let group = group_of(&world, ann).await;
    let position = fund(&world.admin, &group, "10").await.position();
    world.admin.get(&format!("/v1/wallets/{group}?min_position={position}")).await.expect(200);
    deduct(&world.chat, &group, "a", "1").await.problem(403, "access-not-granted");
    world.grant(eve, scopes("credits:deduct")).await;
    deduct(&world.chat, &group, "b", "1").await.problem(403, "access-not-granted");
    world.grant(ann, scopes("credits:deduct")).await;
    deduct(&world.chat, &group, "c", "1").await.expect(201);
    deduct(&world.signed_in("ann", ann), &group, "d", "1").await.expect(201);
    deduct(&world.on_behalf(&world.chat, ann, everything()), &group, "e", "1").await.expect(201);
    deduct(&world.signed_in("eve", eve), &group, "f", "1").await.problem(404, "not-found");
    deduct(&world.on_behalf(&world.chat, eve, everything()), &group, "g", "1")
        .await
        .problem(404, "not-found");
    // Who leaves takes the app along.
    let keeper = keeper(&world).await;
    keeper.delete(&format!("/api/auth/groups/{group}/members/{ann}")).await.expect(204);
    deduct(&world.chat, &group, "h", "1").await.problem(403, "access-not-granted");
    deduct(&world.signed_in("ann", ann), &group, "i", "1").await.problem(404, "not-found");
}

/// With the scope for it, addresses are shown, as the vault has them.
#[tokio::test]
async fn addresses_are_for_those_who_may_see_them() {
    let world = World::new().await;
    let ann = world.user(&[]).await;
    let group = group_of(&world, ann).await;
    let path = format!("/api/auth/groups/{group}/members");
    world.has_address(ann, "ann@mail.example").await;
    let shown = async |names: &str| {
        let body = world.service(scopes(names)).get(&path).await.expect(200).json();
        body["members"][0]["email"].clone()
    };
    assert_eq!(shown("members:read").await, Value::Null);
    assert_eq!(shown("members:read members:email").await, "ann@mail.example");
}
