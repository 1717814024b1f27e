//! The chat app of `examples/`, with the release binary behind it: a user signs in there, writes here,
//! pays for it, and is refused as soon as her session ends.

use std::time::Duration;

use reqwest::{Client as Http, redirect::Policy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{
    api::Answer,
    browser::Browser,
    clock::eventually,
    cluster::{Cluster, Replica},
    people::{Client, Person, REDIRECT},
    postgres::Database,
    rabbit,
    server::free_address,
    turn,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_message_costs_a_credit_and_a_session_that_ends_is_refused() {
    let _turn = turn::shared().await;
    let rabbit = rabbit::shared().await;
    let database = Database::migrated().await;
    let vhost = rabbit.vhost(&[]).await;
    let address = free_address();
    let (url, relay) = (format!("http://{address}"), vhost.relay_url());
    let options = ["--listen", &address, "--public-url", &url, "--broker-url", &relay];
    let replica = Cluster::on(&database.url()).with(&options).replica().await;
    let chat = registered(&replica).await;
    rabbit.provision(&vhost.name, &[chat.app.parse().expect("an id")]).await;
    let [ann, ben] = [person(&replica, "ann@mail.example").await, person(&replica, "ben@mail.example").await];
    let group = group_of(&replica, [&ann, &ben]).await;
    replica.server.operator().purchase(&ann.id, "2").await;

    let stop = CancellationToken::new();
    let app = App::start(&replica, &chat, &vhost.app_url(chat.app.parse().expect("an id")), &stop).await;
    let token = signed_in(&replica, &chat, &ann).await;
    let sent = app.send(&token, &group, "hello", &ann.id).await.expect(201);
    assert_eq!(sent.text("/sender_id"), ann.id);
    assert_eq!(replica.server.operator().balance(&ann.id).await, "1");
    app.send(&token, &group, "hello", &ben.id).await.expect(403);
    // Ben is in the group, and has not let the app spend his credits.
    app.send(&ben.token, &group, "hi", &ben.id).await.expect(403);
    app.send(&token, &group, "again", &ann.id).await.expect(201);
    let short = app.send(&token, &group, "and again", &ann.id).await.expect(402);
    assert!(short.text("/type").ends_with("insufficient-credits"), "{short:#?}");
    let read = app.read(&ben.token, &group).await.expect(200).json();
    let texts: Vec<_> =
        read["messages"].as_array().expect("messages").iter().map(|one| one["content"].clone()).collect();
    assert_eq!(texts, ["hello", "again"]);

    let ended = replica.server.api(&ann.token).request(reqwest::Method::DELETE, "/auth/sessions");
    assert!(ended.send().await.expect("an answer").status().is_success());
    let refused = async || (app.read(&token, &group).await.status == 401).then_some(());
    eventually("the chat refuses the ended session", Duration::from_secs(10), refused).await;
    app.read(&ben.token, &group).await.expect(200);
    stop.cancel();
}

/// The chat as an app and as a client, with what it needs and no more.
async fn registered(replica: &Replica) -> Client {
    let client = json!({
        "grants": ["authorization_code", "client_credentials"], "redirect_uris": [REDIRECT],
        "scopes": ["openid", "credits:deduct", "groups:read", "members:read"],
    });
    Client::register(&replica.server, "chat-api-service", &["credits:deduct", "events:read"], client).await
}

async fn person(replica: &Replica, email: &str) -> Person {
    Person::register(&replica.server, &replica.home, email).await
}

async fn group_of(replica: &Replica, people: [&Person; 2]) -> String {
    let operator = replica.server.operator();
    let group = operator.post("/api/auth/groups", None, &json!({ "name": "E2E Test Group" })).await;
    let group = group.expect(201).text("/id");
    for person in people {
        let path = format!("/api/auth/groups/{group}/members");
        operator.post(&path, None, &json!({ "user_id": person.id })).await.expect(201);
    }
    group
}

/// Signs in for the chat, which the user lets spend her credits; gives the chat's token.
async fn signed_in(replica: &Replica, chat: &Client, person: &Person) -> String {
    let issuer = &replica.server.url;
    let code = chat.code(issuer, &mut Browser::default(), person, "openid credits:deduct").await;
    chat.redeem(issuer, &code).await.expect(200).text("/access_token")
}

/// The running chat app.
struct App {
    url: String,
    http: Http,
    _folder: tempfile::TempDir,
}

impl App {
    async fn start(replica: &Replica, chat: &Client, amqp: &str, stop: &CancellationToken) -> Self {
        let issuer = &replica.server.url;
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("chat.db");
        let vars = [
            ("AUTH_API_URL", issuer.as_str()),
            ("SERVICE_CLIENT_ID", &chat.id),
            ("SERVICE_CLIENT_SECRET", &chat.secret),
            ("SERVICE_TOKEN_URL", &format!("{issuer}/oauth/token")),
            ("SERVICE_SCOPE", "groups:read members:read"),
            ("LEDGER_API_KEY", &chat.key),
            ("LEDGER_APP", &chat.app),
            ("CHAT_DATABASE", database.to_str().expect("a path")),
            ("AMQP_URL", amqp),
        ];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = chat_app::Settings::from_vars(vars).expect("settings");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/api/chat/groups", listener.local_addr().expect("an address"));
        let serving = chat_app::start(settings, listener, new_id, stop.clone()).await.expect("a start");
        tokio::spawn(serving);
        let http = Http::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        Self { url, http, _folder: folder }
    }

    async fn send(&self, token: &str, group: &str, content: &str, sender: &str) -> Answer {
        let body: Value = json!({ "content": content, "sender_id": sender });
        let request = self.http.post(format!("{}/{group}/messages", self.url)).json(&body);
        Self::answered(request.bearer_auth(token)).await
    }

    async fn read(&self, token: &str, group: &str) -> Answer {
        Self::answered(self.http.get(format!("{}/{group}/messages", self.url)).bearer_auth(token)).await
    }

    async fn answered(request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.expect("an answer")).await.expect("an answer")
    }
}

/// Ids that count.
fn new_id() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static LAST: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(LAST.fetch_add(1, Ordering::Relaxed).into())
}
