//! Keys that open nothing, on every route that needs one.

use credit_ledger::http::routes::Access;

use super::World;
use crate::http::requests;

#[tokio::test]
async fn two_keys_are_one_too_many_on_every_route() {
    let world = World::new().await;
    let before = world.app.head();
    for (route, draft) in requests::all(&world.things) {
        if route.access == Access::Public {
            continue;
        }
        let twice = draft.by(&world.client).header("authorization", "Bearer another");
        twice.await.problem(400, "bad-request");
    }
    assert_eq!(world.app.head(), before);
}

#[tokio::test]
async fn who_is_nobody_learns_nothing_about_the_request() {
    let world = World::new().await;
    for (route, draft) in requests::all(&world.things) {
        if route.access == Access::Public {
            continue;
        }
        // A key comes before everything that can be wrong with a request.
        let spoiled = draft.raw("{").declared(Some("text/plain"));
        spoiled.by(&world.app.anonymous()).await.problem(401, "unauthenticated");
    }
}
