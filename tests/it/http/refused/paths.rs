//! Methods and paths that do not exist.

use std::collections::BTreeSet;

use credit_ledger::http::routes::ROUTES;
use reqwest::Method;

use super::World;
use crate::http::requests;

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let world = World::new().await;
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let before = world.app.head();
    for (route, sound) in requests::all(&world.things) {
        let known: Vec<_> =
            ROUTES.iter().filter(|other| other.path == route.path).map(|other| &other.method).collect();
        for method in methods.iter().filter(|method| !known.contains(method)) {
            let answer = world.client.request(method.clone(), &sound.path).await;
            answer.problem(405, "method-not-allowed");
            let allowed: BTreeSet<_> = answer.header("allow").split(',').collect();
            // Whoever may GET may ask for the head alone.
            let head = known.contains(&&Method::GET).then_some("HEAD");
            let expected: BTreeSet<_> = known.iter().map(|method| method.as_str()).chain(head).collect();
            assert_eq!(allowed, expected, "{method} {}", sound.path);
        }
    }
    assert_eq!(world.app.head(), before);
}

#[tokio::test]
async fn an_unknown_path_is_not_found_by_anybody() {
    let world = World::new().await;
    let paths = [
        "/",
        "/v1",
        "/v1/",
        "/v2/wallets",
        "/v1/Wallets",
        "/v1/wallets/",
        "/v1/events/",
        "/v1/events/1",
        "/v1//wallets",
        "//v1/events",
        "/api/mcp/v1/credits",
        "/api/mcp/v1/credits/check/",
        "/metrics/x",
        "/admin",
        "/.git/config",
        "/%2e%2e/etc/passwd",
        "/v1/wallets%2Fx",
    ];
    for path in paths {
        for client in [world.app.anonymous(), world.client.clone(), world.app.operator()] {
            client.get(path).await.problem(404, "not-found");
        }
    }
}
