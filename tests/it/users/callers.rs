//! What is for people is for nobody else: every such route as every kind of caller.

use std::collections::BTreeMap;

use credit_ledger::{
    http::routes::{Access, Kind, ROUTES, Route},
    identity::{
        Client as OauthClient, Scope, Scopes,
        tokens::{AccessGrant, Whose},
    },
};
use events::{AppId, OrgId, UserId};
use serde_json::json;

use super::world::World;
use crate::support::app::{Client, Request};

fn request(client: &Client, route: &Route) -> Request {
    let path = route.path.replace("{session}", "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11");
    let path = path.replace("{app}", "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11");
    let request = client.request(route.method.clone(), &path);
    if ["POST", "PUT"].contains(&route.method.as_str()) {
        request.body("application/json", "{}")
    } else {
        request
    }
}

fn client(app: AppId, org: OrgId) -> OauthClient {
    OauthClient {
        app,
        org,
        client_id: "an-app".into(),
        confidential: true,
        grants: vec![],
        redirect_uris: vec![],
        logout_uris: vec![],
        origins: vec![],
        return_to: BTreeMap::new(),
        scopes: Scopes::ADMIN,
        audiences: vec![],
        first_party: false,
        display_name: "An app".into(),
        disabled: false,
    }
}

#[tokio::test]
async fn a_route_of_people_answers_them_alone() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let me = ann.get("/auth/me").await.expect(200).json();
    let user: UserId = me["user_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let admin = world.app.admin().await;
    let app = admin.app_id.as_deref().and_then(|id| id.parse().ok()).expect("an app");
    // The user's token through an app of others, which the user let in.
    let ledger = &world.app.ledger;
    let everything: Scopes = Scope::ALL.into_iter().collect();
    ledger.identity.grant_access(user, app, everything, None).await.expect("access");
    ledger.identity.set_client(app, client(app, ledger.default_org), None).await.expect("a client");
    let grant = AccessGrant {
        whose: Whose::User { user, session: None, roles: vec![], auth_time: None },
        org: ledger.default_org,
        client_id: "an-app".into(),
        app: Some(app),
        scopes: everything,
        audience: vec![],
        domain: None,
    };
    let now = credit_ledger::clock::Clock::now(&*world.app.clock);
    let (token, _) = ledger.auth.tokens.issue_access(&grant, now).expect("a token");
    let through_app = world.bearer(&token);
    let on_behalf = Client { token: Some(token.into()), ..admin.clone() };
    for route in ROUTES.iter().filter(|route| route.access == Access::SignedIn && route.kind != Kind::Oauth) {
        request(&world.anyone(), route).await.problem(401, "unauthenticated");
        request(&world.bearer("nonsense"), route).await.problem(401, "unauthenticated");
        for other in [&admin, &world.app.operator(), &on_behalf] {
            let refused = request(other, route).await.problem(403, "forbidden");
            assert!(refused.get("required_scope").is_none(), "{} as {}", route.path, other.name);
        }
        let answer = request(&through_app, route).await;
        let own_alone = !route.path.ends_with("/preferences") && !route.path.starts_with("/api/cross-app/");
        assert_eq!(answer.status == 403, own_alone, "{}: {}", route.path, answer.text());
        assert!(!own_alone || answer.json().get("required_scope").is_none(), "no scope would help");
    }
    assert_eq!(ann.get("/auth/sessions").await.expect(200).json()["data"].as_array().map(Vec::len), Some(1));
    ann.post("/auth/logout", &json!({})).await.expect(204);
}
