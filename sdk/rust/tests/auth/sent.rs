//! Requests that carry a service token.

use crate::{
    ManualClock, http,
    manager::{granted, manager, unavailable},
    server::Server,
};

const NO: (u16, &str, String) = (401, "", String::new());
const YES: (u16, &str, String) = (200, "", String::new());

fn bearers(resource: &Server) -> Vec<String> {
    resource.asked().into_iter().map(|asked| asked.authorization).collect()
}

#[tokio::test]
async fn a_rejected_token_is_replaced_and_the_request_repeated_once() {
    let auth = Server::start([granted("one", 900), granted("two", 900), granted("three", 900)]).await;
    let resource = Server::start([YES, NO, YES]).await;
    let clock = ManualClock::default();
    let manager = manager(&auth, &clock, 50);
    let send = async |body: &'static str| {
        manager.send(http().post(&resource.url).body(body)).await.expect("an answer").status().as_u16()
    };
    assert_eq!(send("a").await, 200);
    clock.advance_s(60);
    assert_eq!(send("b").await, 200);
    assert_eq!(bearers(&resource), ["Bearer one", "Bearer one", "Bearer two"]);
    assert_eq!(resource.asked()[2].body, "b", "the body is repeated, too");

    // A server that rejects everything gets each request twice, and no flood of new tokens.
    resource.answers([NO]);
    clock.advance_s(60);
    assert_eq!(send("c").await, 401);
    assert_eq!(send("d").await, 401);
    assert_eq!(bearers(&resource)[3..], ["Bearer two", "Bearer three", "Bearer three"]);
    assert_eq!(auth.count(), 3);
}

#[tokio::test]
async fn a_rejection_is_passed_on_when_there_is_no_other_token() {
    let auth = Server::start([granted("one", 900), unavailable()]).await;
    let resource = Server::start([NO]).await;
    let clock = ManualClock::default();
    let manager = manager(&auth, &clock, 50);
    manager.token().await.expect("a token");
    clock.advance_s(60);
    let answer = manager.send(http().get(&resource.url)).await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(bearers(&resource), ["Bearer one"]);
    assert_eq!(manager.token().await.expect("still there").as_str(), "one", "another server may take it");
}
