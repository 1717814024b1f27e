//! OAuth and OpenID Connect clients that others wrote, against the release binary: each finds the server's
//! metadata, signs a user in with code and PKCE, refreshes, gets a service's token, introspects and
//! revokes. They validate the answers by their own reading of the standards.
//!
//! `tests/outside/clients/install` puts them below `target/outside`; `./check` runs it first.

#[path = "clients/rust.rs"]
mod rust;

use std::{path::PathBuf, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    cli::finish,
    home::{Home, checkout},
    people::{Client, Person, claim},
    server::Server,
    turn,
};

/// What every client has to get through.
const WITHIN: Duration = Duration::from_secs(60);
const REDIRECT: &str = "http://127.0.0.1:49151/callback";
const SCOPE: &str = "openid profile email offline_access credits:read";
const SERVICE_SCOPE: &str = "groups:read members:read";

/// A server with a user, an app that keeps a secret, one that keeps none, and a service.
struct World {
    server: Server,
    person: Person,
    web: Client,
    public: Client,
    service: Client,
    _home: Home,
}

impl World {
    async fn new() -> Self {
        let home = Home::new();
        let server = Server::start_as_issuer(&home).await;
        let person = Person::register(&server, &home, "ann@mail.example").await;
        let scopes: Vec<_> = SCOPE.split(' ').collect();
        let signs_in = json!({
            "grants": ["authorization_code", "refresh_token"], "redirect_uris": [REDIRECT], "scopes": scopes,
        });
        let mut public = signs_in.clone();
        public["confidential"] = json!(false);
        let service: Vec<_> = SERVICE_SCOPE.split(' ').collect();
        let service = json!({ "grants": ["client_credentials"], "scopes": service });
        Self {
            web: Client::register(&server, "web-shop", &["credits:check"], signs_in).await,
            public: Client::register(&server, "desktop-app", &["credits:check"], public).await,
            service: Client::register(&server, "chat-api-service", &["credits:check"], service).await,
            person,
            server,
            _home: home,
        }
    }

    /// What a client's program is told.
    fn given(&self) -> Value {
        json!({
            "issuer": self.server.url, "audience": self.server.url, "redirect_uri": REDIRECT, "scope": SCOPE,
            "client_id": self.web.id, "client_secret": self.web.secret, "public_id": self.public.id,
            "service_id": self.service.id, "service_secret": self.service.secret, "service_scope": SERVICE_SCOPE,
            "email": self.person.email, "password": self.person.password, "user": self.person.id,
        })
    }

    /// Runs a client's program; it says what it has done.
    async fn completes(&self, mut program: Command, steps: &[&str]) {
        program.env("GIVEN", self.given().to_string());
        let ran = finish(program, WITHIN).await;
        assert_eq!(ran.code, 0, "{ran:#?}\n{}", self.server.log());
        assert_eq!(ran.json(), json!(steps), "{ran:#?}");
    }
}

/// Without a public URL and with port 0, the port is known only once the server listens.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_server_on_any_free_port_is_its_own_issuer() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let metadata = server.operator().get("/.well-known/openid-configuration").await.expect(200);
    assert_eq!(metadata.text("/issuer"), server.url);
    let token = Person::register(&server, &home, "ann@mail.example").await.token;
    assert_eq!(claim(&token, "iss"), server.url);
    server.api(&token).get("/auth/me").await.expect(200);
}

fn installed(name: &str) -> PathBuf {
    let path = checkout().join("target/outside").join(name);
    assert!(path.is_dir(), "{} is missing: run tests/outside/clients/install first", path.display());
    path
}

/// A program of ours, beside the modules that it imports.
fn node(script: &str) -> Command {
    let folder = installed("node");
    for name in ["browser.mjs", script] {
        let ours = checkout().join("tests/outside/clients/node").join(name);
        std::fs::copy(ours, folder.join(name)).expect("a copy");
    }
    let mut command = Command::new("node");
    command.arg(folder.join(script));
    command
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn openid_client_completes_every_flow() {
    let _turn = turn::shared().await;
    let steps = [
        "discovery",
        "authorization_code",
        "userinfo",
        "refresh_token",
        "introspection",
        "revocation",
        "client_credentials",
        "single_sign_on",
    ];
    World::new().await.completes(node("openid-client.mjs"), &steps).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn oauth4webapi_completes_every_flow() {
    let _turn = turn::shared().await;
    let steps = [
        "discovery",
        "authorization_code",
        "userinfo",
        "access_token",
        "refresh_token",
        "replay",
        "client_credentials",
        "introspection",
        "revocation",
    ];
    World::new().await.completes(node("oauth4webapi.mjs"), &steps).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn authlib_completes_every_flow() {
    let _turn = turn::shared().await;
    let mut python = Command::new(installed("python").join("bin/python"));
    python.arg("-B").arg(checkout().join("tests/outside/clients/python/authlib_client.py"));
    let steps = [
        "discovery",
        "authorization_code",
        "id_token",
        "userinfo",
        "refresh_token",
        "introspection",
        "revocation",
        "client_credentials",
    ];
    World::new().await.completes(python, &steps).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn the_oauth2_crate_completes_every_flow() {
    let _turn = turn::shared().await;
    rust::completes(&World::new().await).await;
}
