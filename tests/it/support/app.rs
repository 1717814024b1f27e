//! The service as it runs in production, in a directory of its own and on a port of its own.

mod answer;
mod client;
mod home;
mod raw;
mod stream;

pub(crate) use answer::Answer;
pub(crate) use client::{Client, Request};
pub(crate) use home::Home;
pub(crate) use raw::RawAnswer;
pub(crate) use stream::EventStream;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use credit_ledger::{
    app::{Ledger, Machine},
    clock::{Clock, Entropy, Generator, ManualClock, SystemClock},
    http::{self, HttpOptions},
    identity::{
        Scope,
        tokens::{BadKey, PrivateKey},
    },
    telemetry::Metrics,
};
use events::{Position, Time};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::ground::START_MICROS;

/// The organization of [`TestApp::stranger`].
pub(crate) const OTHER_ORGANIZATION: &str = "elsewhere";

/// A served ledger and the personas that call it.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Ledger,
    /// Its clock, unless it runs by the machine's.
    pub(crate) clock: Arc<ManualClock>,
    http: reqwest::Client,
    apps: AtomicU64,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    home: Home,
}

impl TestApp {
    /// A new ledger, served with the usual limits.
    pub(crate) async fn start() -> Self {
        Self::start_with(HttpOptions::default()).await
    }

    /// A new ledger, served with these limits and switches.
    pub(crate) async fn start_with(options: HttpOptions) -> Self {
        Self::serve(Home::embedded(), options, None).await
    }

    /// The ledger that lives here, by a clock that stands still.
    pub(crate) async fn start_in(home: Home) -> Self {
        Self::serve(home, HttpOptions::default(), None).await
    }

    /// The ledger that lives here, served with these limits and switches.
    pub(crate) async fn start_at(home: Home, options: HttpOptions) -> Self {
        Self::serve(home, options, None).await
    }

    /// Where its mails are.
    pub(crate) fn mail_folder(&self) -> std::path::PathBuf {
        self.home.config.data_dir.join("mail")
    }

    /// The ledger that lives here, by the machine's clock.
    pub(crate) async fn start_in_real_time(home: Home) -> Self {
        Self::serve(home, HttpOptions::default(), Some(Arc::new(SystemClock::new()))).await
    }

    async fn serve(home: Home, options: HttpOptions, real: Option<Arc<dyn Clock>>) -> Self {
        let clock = Arc::new(ManualClock::at(Time::from_micros(START_MICROS)));
        let machine = Machine { clock: real.unwrap_or_else(|| clock.clone()), entropy, signing_key };
        let metrics = metrics();
        let ledger = Ledger::open(&home.config, &machine).await.expect("a ledger");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let api = ledger.api(options.clone(), Some(metrics), stop.clone());
        let serving = tokio::spawn(http::serve(listener, api, options, stop.clone()));
        let http = reqwest::Client::builder().no_proxy().timeout(client::PATIENCE).build();
        let http = http.expect("a client");
        Self { address, ledger, clock, http, apps: AtomicU64::new(0), stop, serving, home }
    }

    /// Whoever presents no key.
    pub(crate) fn anonymous(&self) -> Client {
        self.client("anonymous", None)
    }

    /// A caller that another server of this ledger knew.
    pub(crate) fn again(&self, client: &Client) -> Client {
        Client { url: format!("http://{}", self.address).into(), ..client.clone() }
    }

    /// Whoever presents this text as a key.
    pub(crate) fn bearer(&self, name: &str, credential: &str) -> Client {
        self.client(name, Some(credential))
    }

    /// The operator of the ledger.
    pub(crate) fn operator(&self) -> Client {
        self.client("operator", Some(self.ledger.operator_token().expose()))
    }

    /// A new app of the default organization with these scopes.
    pub(crate) async fn with_scopes<const N: usize>(&self, scopes: [Scope; N]) -> Client {
        self.app_of("default", &scopes).await
    }

    /// A new app of the default organization that may do everything.
    pub(crate) async fn admin(&self) -> Client {
        self.with_scopes([Scope::Admin]).await
    }

    /// A new app of another organization that may do everything there.
    pub(crate) async fn stranger(&self) -> Client {
        let known = self.ledger.identity.organization_by_name(OTHER_ORGANIZATION).is_some();
        if !known {
            let named = json!({ "name": OTHER_ORGANIZATION });
            self.operator().post("/v1/organizations", &named).await.expect(201);
        }
        self.app_of(OTHER_ORGANIZATION, &[Scope::Admin]).await
    }

    /// An app with every scope whose key has been revoked.
    pub(crate) async fn revoked(&self) -> Client {
        let client = self.admin().await;
        let key = client.key_id.as_deref().expect("an app has a key");
        self.operator().delete(&format!("/v1/keys/{key}")).await.expect(204);
        Client { name: "revoked".into(), ..client }
    }

    /// A further key of the same app with these scopes.
    pub(crate) async fn another_key(&self, of: &Client, scopes: &[Scope]) -> Client {
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        let app = of.app_id.as_deref().expect("an app");
        let request = json!({ "scopes": scopes });
        let issued = self.operator().post(&format!("/v1/apps/{app}/keys"), &request).await.expect(201).json();
        let text = |name: &str| issued[name].as_str().map(Box::from);
        Client {
            credential: text("api_key"),
            key_id: text("key_id"),
            name: scopes.join(",").into(),
            ..of.clone()
        }
    }

    async fn app_of(&self, organization: &str, scopes: &[Scope]) -> Client {
        let name = format!("app-{}", self.apps.fetch_add(1, Ordering::Relaxed));
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        let persona = format!("{organization} {}", scopes.join(","));
        let request = json!({ "name": name, "scopes": scopes, "organization": organization });
        let app = self.operator().post("/v1/apps", &request).await.expect(201).json();
        let text = |name: &str| app[name].as_str().map(Box::from);
        let client = self.client(&persona, app["api_key"].as_str());
        Client { app_id: text("app_id"), key_id: text("key_id"), ..client }
    }

    fn client(&self, name: &str, credential: Option<&str>) -> Client {
        Client {
            http: self.http.clone(),
            url: format!("http://{}", self.address).into(),
            name: name.into(),
            credential: credential.map(Box::from),
            token: None,
            app_id: None,
            key_id: None,
        }
    }

    /// Where its files are.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.home.config.data_dir
    }

    /// The number of durable events.
    pub(crate) fn head(&self) -> Position {
        self.ledger.commands.head()
    }

    /// The events from `from` on, as they are stored.
    pub(crate) async fn stored_from(&self, from: u64) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let next = Position(from + all.len() as u64);
            let page = self.ledger.log.read(next, 1_000).await.expect("a page");
            if page.is_empty() {
                return all;
            }
            all.extend(page.iter().map(|(_, body)| str::from_utf8(body).expect("JSON is UTF-8").to_owned()));
        }
    }

    /// Sends these bytes over a connection of their own and reads until the server closes it.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> RawAnswer {
        raw::exchange(self.address, bytes.as_ref()).await
    }

    /// Stops serving and closes the ledger, which must be orderly; where it lives, it can be started again.
    pub(crate) async fn end(self) -> Home {
        self.stop.cancel();
        self.serving.await.expect("no panic").expect("an orderly end of the server");
        self.ledger.close().await.expect("an orderly end of the ledger");
        self.home
    }
}

/// Seeded, and different from any other that this process draws from: equal ones would draw the same
/// command ids.
fn entropy() -> Box<dyn Entropy> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    Box::new(Generator::from_seed(SEED.fetch_add(1, Ordering::Relaxed)))
}

/// One of a few keys: making one takes a tenth of a second, and hundreds of ledgers need one.
pub(crate) fn signing_key() -> Result<PrivateKey, BadKey> {
    static KEYS: OnceLock<Vec<Zeroizing<Vec<u8>>>> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let made = || PrivateKey::generate().and_then(|key| key.to_pkcs8()).expect("a key");
    let keys = KEYS.get_or_init(|| (0..4).map(|_| made()).collect());
    PrivateKey::from_pkcs8(&keys[NEXT.fetch_add(1, Ordering::Relaxed) % keys.len()])
}

/// The process has one set of metrics, whichever test comes first.
fn metrics() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| Metrics::install().expect("nothing else counts in this process")).clone()
}
