//! PostgreSQL for tests: a private server of this test binary, and a database for each test.
//!
//! The shared server is started by the first test that wants a database. It lives in a temporary
//! directory, in memory when there is room, listens on a free loopback port and on a socket in its directory, and is ended by its
//! process id when the test binary ends, however that ends: see [`server`].

mod proxy;
mod server;

use std::{
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use credit_ledger::{
    app::migrations,
    clock::{Generator, sixteen},
    log::postgres::{PARTITION_EVENTS, PostgresLog, migrate},
};
use events::LedgerId;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

pub(crate) use proxy::{Cut, Proxy};
pub(crate) use server::Server;

/// Owns the databases and their schemas. It may create roles and databases, but is no superuser.
pub(crate) const MIGRATOR: &str = "migrator";
/// What the service logs in as: a member of `credit_ledger_app`.
pub(crate) const APPLICATION: &str = "application";
/// Of the server.
pub(crate) const SUPERUSER: &str = "postgres";

/// A migrated database that new ones are copies of.
const TEMPLATE: &str = "migrated";

/// A database of a test's own, removed some time after the test.
pub(crate) struct Database {
    pub(crate) name: String,
    /// Of its server, on 127.0.0.1.
    pub(crate) port: u16,
    removed: Option<mpsc::Sender<String>>,
}

impl Database {
    /// One with the schema as `credit-ledger migrate` makes it, on the shared server.
    pub(crate) async fn migrated() -> Self {
        Shared::get().await.database(&format!("TEMPLATE {TEMPLATE}")).await
    }

    /// One without anything in it, on the shared server.
    pub(crate) async fn empty() -> Self {
        Shared::get().await.database("").await
    }

    /// One with the schema and partitions of `events` positions, on the shared server.
    pub(crate) async fn with_partitions_of(events: u32) -> Self {
        let database = Self::empty().await;
        let done = migrate(&database.url_as(MIGRATOR), &migrations::postgres(), events).await;
        done.expect("a database that can be migrated");
        database
    }

    /// Another one with the same in it, on the shared server. Nobody may be in this one.
    pub(crate) async fn copy(&self) -> Self {
        Shared::get().await.database(&format!("TEMPLATE {}", self.name)).await
    }

    /// A new ledger in the one database that many tests share, which is cheaper than a database each:
    /// where the application reaches it, and its id.
    pub(crate) async fn ledger() -> (String, LedgerId) {
        static OF_MANY: OnceCell<Database> = OnceCell::const_new();
        let url = OF_MANY.get_or_init(Self::migrated).await.url();
        let ledger =
            LedgerId(uuid::Builder::from_random_bytes(sixteen(&mut Generator::from_system())).into_uuid());
        PostgresLog::add_ledger(&url, ledger).await.expect("one ledger more");
        (url, ledger)
    }

    /// A migrated one on a server of the test's own.
    pub(crate) async fn on(server: &Server) -> Self {
        prepare(server).await;
        Self { name: TEMPLATE.to_owned(), port: server.port, removed: None }
    }

    /// A migrated one on a server of the test's own, whose tables are in a directory of another disk.
    pub(crate) async fn on_disk(server: &Server, disk: &Path) -> Self {
        prepare(server).await;
        let tables = disk.join("tables");
        fs::create_dir(&tables).expect("a directory");
        server.own(&tables);
        let mut connection = connect(&server.superuser_url()).await;
        run(&mut connection, &format!("CREATE TABLESPACE elsewhere LOCATION '{}'", tables.display())).await;
        run(&mut connection, &format!("ALTER DATABASE {TEMPLATE} SET TABLESPACE elsewhere")).await;
        Self { name: TEMPLATE.to_owned(), port: server.port, removed: None }
    }

    /// Where the service reaches it.
    pub(crate) fn url(&self) -> String {
        self.url_as(APPLICATION)
    }

    /// Where this user reaches it.
    pub(crate) fn url_as(&self, user: &str) -> String {
        self.url_at(user, self.port)
    }

    /// Where this user reaches it through a proxy on another port.
    pub(crate) fn url_at(&self, user: &str, port: u16) -> String {
        format!("postgres://{user}@127.0.0.1:{port}/{}", self.name)
    }

    /// A connection as this user.
    pub(crate) async fn connect_as(&self, user: &str) -> PgConnection {
        connect(&self.url_as(user)).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(removed) = &self.removed {
            // Nobody listens any more when the test binary is ending: the server goes as a whole.
            let _ = removed.send(std::mem::take(&mut self.name));
        }
    }
}

/// The server of this test binary.
struct Shared {
    superuser_url: String,
    port: u16,
    databases: AtomicU32,
    removed: mpsc::Sender<String>,
    /// Ended with the process.
    _server: Mutex<Server>,
}

impl Shared {
    async fn get() -> &'static Self {
        static SHARED: OnceCell<Shared> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let server = Server::start(&[]);
        prepare(&server).await;
        let (removed, names) = mpsc::channel();
        let (port, superuser_url) = (server.port, server.superuser_url());
        let url = superuser_url.clone();
        thread::spawn(move || remove_databases(&url, &names));
        let databases = AtomicU32::new(0);
        Self { superuser_url, port, databases, removed, _server: Mutex::new(server) }
    }

    async fn database(&self, from: &str) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = connect(&self.superuser_url).await;
        run(&mut connection, &format!("CREATE DATABASE {name} OWNER {MIGRATOR} {from}")).await;
        Database { name, port: self.port, removed: Some(self.removed.clone()) }
    }
}

/// The roles, and the migrated database.
async fn prepare(server: &Server) {
    let mut connection = connect(&server.superuser_url()).await;
    run(&mut connection, &format!("CREATE ROLE {MIGRATOR} LOGIN CREATEDB CREATEROLE")).await;
    run(&mut connection, &format!("CREATE DATABASE {TEMPLATE} OWNER {MIGRATOR}")).await;
    let url = format!("postgres://{MIGRATOR}@127.0.0.1:{}/{TEMPLATE}", server.port);
    migrate(&url, &migrations::postgres(), PARTITION_EVENTS).await.expect("a database that can be migrated");
    run(&mut connection, &format!("CREATE ROLE {APPLICATION} LOGIN IN ROLE credit_ledger_app")).await;
}

/// Databases are removed beside the tests, so that none waits for it.
fn remove_databases(url: &str, names: &mpsc::Receiver<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for name in names {
        runtime.block_on(async {
            let mut connection = connect(url).await;
            run(&mut connection, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        });
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection to the private PostgreSQL server")
}

/// Runs SQL that a test made itself.
pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    let done = connection.execute(AssertSqlSafe(sql)).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
