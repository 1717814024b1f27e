//! What is taken back at one replica is refused by the other, and the app is told over RabbitMQ.

use std::{cell::RefCell, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    api::Answer,
    browser::Browser,
    clock::{Stopwatch, eventually},
    cluster::{Cluster, Replica},
    people::{Client, Person, REDIRECT, claim},
    postgres::Database,
    rabbit,
    server::free_address,
    tap::Tap,
    turn, wallet,
};

/// Within a second is what is promised; a busy machine is given more.
const WITHIN: Duration = Duration::from_secs(10);
const SCOPE: &str = "openid credits:read";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn what_is_taken_back_at_one_replica_ends_at_the_other_and_the_app_is_told() {
    let _turn = turn::shared().await;
    let rabbit = rabbit::shared().await;
    let database = Database::migrated().await;
    let vhost = rabbit.vhost(&[]).await;
    let (address, relay) = (free_address(), vhost.relay_url());
    let url = format!("http://{address}");
    let cluster = Cluster::on(&database.url()).with(&["--public-url", &url, "--broker-url", &relay]);
    let here = cluster.replica_with(&[("--listen", &address)]).await;
    let there = cluster.replica().await;
    let shop = registered(&here, "shop").await;
    let stranger = registered(&here, "stranger").await;
    let apps = [&shop, &stranger].map(|client| client.app.parse().expect("an id"));
    rabbit.provision(&vhost.name, &apps).await;
    let ann = Person::register(&here.server, &here.home, "ann@mail.example").await;
    let told = Told { tap: Tap::of(&rabbit, &vhost, &shop.app).await, seen: RefCell::default() };
    let of_stranger = Told { tap: Tap::of(&rabbit, &vhost, &stranger.app).await, seen: RefCell::default() };
    let world = World { here: &here, there: &there, shop: &shop, ann: &ann, told: &told };

    let token = world.token().await;
    let session = format!("/auth/sessions/{}", claim(&token, "sid"));
    world.ends("a session", &token, "auth.session_revoked.v1", world.delete(&session)).await;

    let token = world.token().await;
    let revoked = async {
        let form = [("token", token.as_str())];
        shop.ask(&format!("{}/oauth/revoke", here.server.url), &form).await.expect(200)
    };
    world.ends("a token", &token, "auth.token_revoked.v1", revoked).await;

    let token = world.token().await;
    let access = format!("/auth/apps/{}", shop.app);
    world.ends("access", &token, "auth.app_access_revoked.v1", world.delete(&access)).await;

    // The stranger is told of what it does itself; whatever came before is in its queue before that.
    let api = here.server.api(&stranger.key);
    api.purchase(&wallet(3), "5").await;
    eventually("the stranger's own event", WITHIN, async || of_stranger.has("credits.purchased.v1").await)
        .await;
    let seen = of_stranger.seen.borrow();
    for event in seen.iter() {
        let about = event["type"].as_str().expect("a type").starts_with("auth.");
        assert!(!about && !event.to_string().contains(&ann.id), "{event}");
    }
    assert!(!told.seen.borrow().is_empty());
}

/// An app as a client, whose key may buy.
async fn registered(replica: &Replica, name: &str) -> Client {
    let scopes: Vec<_> = SCOPE.split(' ').collect();
    let client = json!({ "grants": ["authorization_code"], "redirect_uris": [REDIRECT], "scopes": scopes });
    Client::register(&replica.server, name, &["credits:purchase", "events:read"], client).await
}

/// Two replicas, a client, a user, and what the client is told.
struct World<'a> {
    here: &'a Replica,
    there: &'a Replica,
    shop: &'a Client,
    ann: &'a Person,
    told: &'a Told<'a>,
}

impl World<'_> {
    /// A token of the user's for the app, which both replicas accept.
    async fn token(&self) -> String {
        let issuer = &self.here.server.url;
        let code = self.shop.code(issuer, &mut Browser::default(), self.ann, SCOPE).await;
        let token = self.shop.redeem(issuer, &code).await.expect(200).text("/access_token");
        for replica in [self.here, self.there] {
            let accepted = async || (status(replica, &token).await == 200).then_some(());
            eventually("both replicas accept the token", WITHIN, accepted).await;
        }
        token
    }

    /// The user takes something back, by her own login.
    async fn delete(&self, path: &str) -> Answer {
        let asked = self.here.server.api(&self.ann.token).request(Method::DELETE, path);
        Answer::of(asked.send().await.expect("an answer")).await.expect("an answer").expect(204)
    }

    /// From before something is taken back here: how long until it is refused there, and told of.
    async fn ends(&self, what: &str, token: &str, event: &str, taken: impl Future<Output = Answer>) {
        let since = Stopwatch::start();
        taken.await;
        let answered = since.elapsed();
        assert_eq!(status(self.here, token).await, 401, "{what}: refused at once where it was taken back");
        let refused = async {
            let look = async || (status(self.there, token).await == 401).then(|| since.elapsed());
            eventually("the other replica refuses the token", WITHIN, look).await
        };
        let told = async {
            let look = async || self.told.has(event).await.map(|()| since.elapsed());
            eventually(event, WITHIN, look).await
        };
        let (refused, told) = tokio::join!(refused, told);
        eprintln!(
            "{what}: answered after {answered:?}, refused there after {refused:?}, told after {told:?}"
        );
    }
}

async fn status(replica: &Replica, token: &str) -> u16 {
    replica.server.api(token).get("/oauth/userinfo").await.status
}

/// The events that an app is told of, as they come.
struct Told<'a> {
    tap: Tap<'a>,
    seen: RefCell<Vec<Value>>,
}

impl Told<'_> {
    /// Whether the app has been told of an event of this type.
    async fn has(&self, event: &str) -> Option<()> {
        let messages = self.tap.taken().await;
        let events = messages.iter().map(|message| {
            let payload = message["payload"].as_str().expect("a payload");
            serde_json::from_str::<Value>(payload).expect("an event")
        });
        self.seen.borrow_mut().extend(events);
        self.seen.borrow().iter().any(|seen| seen["type"] == event).then_some(())
    }
}
