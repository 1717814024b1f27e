//! Leases in PostgreSQL, and replicas on one database.

use std::{sync::Arc, time::Duration};

use credit_ledger::{
    app::{Ledger, Machine},
    clock::{Generator, SystemClock},
    cluster::{Claimant, Lease, postgres::PostgresLease},
    config::Config,
    http::{Api, HttpOptions},
    identity::{Denial, Pepper, Scope, Scopes, tokens::PrivateKey},
    log::postgres::PostgresLog,
};
use events::{SessionId, Time};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::postgres::Database;

/// Only so that a test ends when nothing comes.
const PATIENCE: Duration = Duration::from_secs(120);

fn claimant(number: u128, lease_ms: u64) -> Claimant {
    let address = format!("http://node-{number}").into();
    Claimant { id: Uuid::from_u128(number), address, lease: Duration::from_millis(lease_ms) }
}

#[tokio::test]
async fn one_claimant_has_the_lease_and_epochs_only_grow() {
    let database = Database::migrated().await;
    let ledger = PostgresLog::connect(&database.url(), None).await.expect("a log").ledger();
    let lease = || PostgresLease::new(&database.url(), ledger).expect("a lease");
    let (first, second) = (lease(), lease());
    let (one, two) = (claimant(1, 3_600_000), claimant(2, 3_600_000));
    assert_eq!(first.look().await.expect("no lease"), None);
    let (a, b) = tokio::join!(first.claim(&one), second.claim(&two));
    let (a, b) = (a.expect("an answer"), b.expect("an answer"));
    assert_eq!((a.epoch, a.holder), (b.epoch, b.holder), "both are told of the same holder");
    let (mine, winner, loser) = if a.holder == one.id { (&first, &one, &two) } else { (&second, &two, &one) };
    assert!(mine.renew(winner, 1).await.expect("an answer"));
    assert!(!mine.renew(loser, 1).await.expect("an answer"));
    assert!(!mine.renew(winner, 2).await.expect("an answer"));
    let seen = first.look().await.expect("an answer").expect("a holder");
    assert_eq!((seen.holder, &seen.address), (winner.id, &winner.address));
    assert!((Duration::from_secs(1_800)..=Duration::from_secs(3_600)).contains(&seen.left));
    mine.release(loser, 1).await.expect("an answer");
    assert!(mine.renew(winner, 1).await.expect("an answer"), "only its holder gives it back");
    mine.release(winner, 1).await.expect("an answer");
    assert!(!mine.renew(winner, 1).await.expect("an answer"), "what was given back is gone");
    assert_eq!(first.look().await.expect("an answer"), None);
    assert_eq!(second.claim(&two).await.expect("an answer").epoch, 2);
    assert_eq!(second.claim(&two).await.expect("an answer").epoch, 3, "a process that starts anew");
    // One that runs out is anybody's.
    let short = claimant(2, 1);
    assert_eq!(second.claim(&short).await.expect("an answer").epoch, 4);
    let taken = loop {
        let seen = first.claim(&one).await.expect("an answer");
        if seen.holder == one.id {
            break seen;
        }
    };
    assert_eq!(taken.epoch, 5);
}

/// A replica with its own directory.
pub(super) struct Replica {
    pub(super) ledger: Ledger,
    api: Api,
    _dir: TempDir,
}

/// What replicas of one database share.
pub(super) struct Common {
    pub(super) database: Database,
    dir: TempDir,
}

impl Common {
    pub(super) async fn new() -> Self {
        let common =
            Self { database: Database::migrated().await, dir: tempfile::tempdir().expect("a folder") };
        common.secret("pepper", &[7; 32]);
        common.secret("secret", &[8; 32]);
        common
    }

    fn secret(&self, name: &str, bytes: &[u8]) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    }

    fn config(&self, dir: &TempDir) -> Config {
        Config {
            data_dir: dir.path().join("data"),
            database_url: self.database.url().as_str().into(),
            pepper_file: self.dir.path().join("pepper"),
            cluster_listen: "127.0.0.1:0".into(),
            cluster_secret_file: self.dir.path().join("secret"),
            ..Config::default()
        }
    }

    pub(super) async fn replica(&self) -> Replica {
        let dir = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::open(&self.config(&dir), &machine()).await.expect("a replica");
        let api = ledger.api(HttpOptions::default(), None, CancellationToken::new());
        Replica { ledger, api, _dir: dir }
    }
}

fn machine() -> Machine {
    Machine {
        clock: Arc::new(SystemClock::new()),
        entropy: || Box::new(Generator::from_system()),
        signing_key: PrivateKey::generate,
    }
}

impl Replica {
    async fn send(&self, method: &str, path: &str, key: Option<&str>, body: Value) -> (StatusCode, Value) {
        let token = self.ledger.operator_token().expose();
        self.send_as(token, method, path, key, body).await
    }

    async fn send_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Value,
    ) -> (StatusCode, Value) {
        let key = key.map(|key| ("idempotency-key", key));
        self.send_with(token, key.as_slice(), method, path, body).await
    }

    pub(super) async fn send_with(
        &self,
        token: &str,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.api.respond(request.body(body.into()).expect("a request")).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn role(&self) -> String {
        let (_, body) = self.send("GET", "/readyz?verbose", None, Value::Null).await;
        body["role"].as_str().unwrap_or_default().to_owned()
    }
}

/// Waits until one of the replicas writes and the others know it: on a slow machine a lease may run out.
async fn one_writes(replicas: &[&Replica]) {
    let settled = async {
        loop {
            let mut roles = Vec::new();
            for replica in replicas {
                roles.push(replica.role().await);
            }
            roles.sort();
            if roles.pop().as_deref() == Some("writer") && roles.iter().all(|role| role == "standby") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("one that writes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_replica_takes_commands_and_answers_reads() {
    let common = Common::new().await;
    let (first, second, third) = (common.replica().await, common.replica().await, common.replica().await);
    one_writes(&[&first, &second, &third]).await;
    let wallet = "/v1/wallets/00000000-0000-0000-0000-000000000001";
    let purchases = format!("{wallet}/purchases");
    let (status, bought) = second.send("POST", &purchases, Some("P1"), json!({ "amount": "100" })).await;
    assert_eq!(status, StatusCode::CREATED, "{bought}");
    // Read-your-writes holds on every replica.
    let position = bought["position"].as_str().expect("a position").to_owned();
    for replica in [&first, &second, &third] {
        let path = format!("{wallet}?min_position={position}");
        let (status, read) = replica.send("GET", &path, None, Value::Null).await;
        assert_eq!((status, &read["balance"]), (StatusCode::OK, &json!("100")), "{read}");
        let path = format!("/v1/purchases/{}", bought["id"].as_str().unwrap_or_else(|| panic!("{bought}")));
        let (status, read) = replica.send("GET", &path, None, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{read}");
    }
    let (_, again) = third.send("POST", &purchases, Some("P1"), json!({ "amount": "100" })).await;
    assert_eq!(again, bought, "a repeat elsewhere has the same answer");
    for replica in [first, second, third] {
        replica.ledger.close().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_known_and_revoked_everywhere_and_outlive_the_writer() {
    let common = Common::new().await;
    let (first, second) = (common.replica().await, common.replica().await);
    let app =
        second.ledger.identity.register_app(second.ledger.default_org, "chat", None).await.expect("an app");
    let taken = first.ledger.identity.register_app(first.ledger.default_org, "chat", None).await;
    assert!(taken.is_err(), "the writer knows at once");
    let scopes: Scopes = [Scope::Admin].into_iter().collect();
    let issued = second.ledger.identity.issue_key(app.id, scopes, None).await.expect("a key");
    let token = issued.secret.expose();
    let path = "/v1/wallets/00000000-0000-0000-0000-000000000001/purchases";
    for (replica, key) in [(&first, "P1"), (&second, "P2")] {
        let (status, body) = replica.send_as(token, "POST", path, Some(key), json!({ "amount": "1" })).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
    let third = common.replica().await;
    third.ledger.caught_up().await;
    let known = async {
        while third.ledger.identity.authenticate(token, Time::default()).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), known).await.expect("a new replica hears of it");
    first.ledger.close().await.expect("an orderly end");
    // The lease was given back: somebody takes it at once.
    let (status, body) = third.send_as(token, "POST", path, Some("P3"), json!({ "amount": "1" })).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["balance"], json!("3"));
    third.ledger.identity.revoke_key(issued.key, None).await.expect("revoked");
    let refused = async {
        while second.ledger.identity.authenticate(token, Time::default()).is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the other replica hears of it");
    let roles = [second.role().await, third.role().await];
    assert!(roles.contains(&"writer".to_owned()), "{roles:?}");
    for replica in [second, third] {
        replica.ledger.close().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_granted_and_what_ends_early_is_known_everywhere() {
    let common = Common::new().await;
    let (first, second) = (common.replica().await, common.replica().await);
    let (here, there) = (&first.ledger.identity, &second.ledger.identity);
    let org = first.ledger.default_org;
    let app = here.register_app(org, "chat", None).await.expect("an app").id;
    let user = here.register_user(org, None, Some(app), None).await.expect("a user");
    let scopes: Scopes = [Scope::CreditsDeduct].into_iter().collect();
    let issued = here.issue_key(app, scopes, None).await.expect("a key");
    // Whoever shows a key a moment after it was issued elsewhere waits for it.
    let known = async {
        while there.authenticate_or_reload(issued.secret.expose(), Time::default()).await.is_none() {}
    };
    tokio::time::timeout(PATIENCE, known).await.expect("the key is known");
    let wrong = issued.secret.expose().replacen('_', "_0", 1);
    assert!(there.authenticate_or_reload(&wrong, Time::default()).await.is_none());
    here.grant_access(user, app, scopes, None).await.expect("granted");
    let granted = async {
        while there.access(user, app).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, granted).await.expect("the grant is known");
    assert_eq!((there.access(user, app), there.user(user)), (here.access(user, app), here.user(user)));
    let session = SessionId(user.0);
    let issued = there.access(user, app).expect("access").granted.plus_micros(1_000);
    let token = Denial { token: None, session: Some(session), user: Some(user), app: Some(app), issued };
    assert!(!there.denied(&token));
    here.revoke_session(user, session, Some(app), "logout", None).await.expect("revoked");
    let refused = async {
        while !there.denied(&token) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the end is known");
    // And the other way: what a standby has decided holds at the writer when that is told.
    there.revoke_access(user, app, None).await.expect("revoked");
    assert_eq!((here.access(user, app), there.access(user, app)), (None, None));
    for replica in [first, second] {
        replica.ledger.close().await.expect("an orderly end");
    }
}

#[tokio::test]
async fn a_replica_with_another_pepper_is_refused() {
    let common = Common::new().await;
    let first = common.replica().await;
    let dir = tempfile::tempdir().expect("a folder");
    common.secret("pepper", &[9; 32]);
    let refused = Ledger::open(&common.config(&dir), &machine()).await.expect_err("another pepper");
    assert!(refused.to_string().contains("pepper"), "{refused}");
    assert_ne!(Pepper::from_bytes(&[7; 32]).fingerprint(), Pepper::from_bytes(&[9; 32]).fingerprint());
    first.ledger.close().await.expect("an orderly end");
}
