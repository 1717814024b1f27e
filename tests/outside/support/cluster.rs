//! Several servers on one PostgreSQL database, with what they must share.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use super::{api::Api, clock::eventually, home::Home, server::Server};

/// A writer is found again within this, whatever happened to the one before.
const WRITER_WITHIN: Duration = Duration::from_secs(30);

/// What the replicas of a cluster are given.
pub(crate) struct Cluster {
    pub(crate) url: String,
    dir: TempDir,
    options: Vec<String>,
}

/// One of them, with its data directory.
pub(crate) struct Replica {
    pub(crate) home: Home,
    pub(crate) server: Server,
}

impl Cluster {
    /// A cluster on the database at this URL.
    pub(crate) fn on(url: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let cluster = Self { url: url.to_owned(), dir, options: Vec::new() };
        cluster.secret("pepper", b'p');
        cluster.secret("secret", b's');
        cluster
    }

    /// With further options of `serve`.
    pub(crate) fn with(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    /// A file with a secret made of this byte, which only its owner may read.
    pub(crate) fn secret(&self, name: &str, byte: u8) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, [byte; 32]).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        path
    }

    /// The options of `serve` that make a process a replica; a later one of `instead` wins.
    pub(crate) fn options(&self, instead: &[(&str, &str)]) -> Vec<String> {
        let file = |name: &str| self.dir.path().join(name).to_str().expect("a path").to_owned();
        let mut options = vec![
            ("--database-url".to_owned(), self.url.clone()),
            ("--pepper-file".to_owned(), file("pepper")),
            ("--cluster-secret-file".to_owned(), file("secret")),
            ("--cluster-listen".to_owned(), "127.0.0.1:0".to_owned()),
        ];
        for (name, value) in instead {
            options.retain(|(option, _)| option != name);
            options.push(((*name).to_owned(), (*value).to_owned()));
        }
        let given = options.into_iter().flat_map(|(name, value)| [name, value]);
        given.chain(self.options.iter().cloned()).collect()
    }

    /// Starts a replica and waits until it is ready.
    pub(crate) async fn replica(&self) -> Replica {
        self.replica_with(&[]).await
    }

    /// Starts one that has some options of its own.
    pub(crate) async fn replica_with(&self, instead: &[(&str, &str)]) -> Replica {
        let home = Home::of_replica(&self.url);
        let options = self.options(instead);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let server = Server::start_with(&home, &options).await;
        Replica { home, server }
    }

    /// Starts so many, one after the other.
    pub(crate) async fn replicas(&self, count: usize) -> Vec<Replica> {
        let mut replicas = Vec::new();
        for _ in 0..count {
            replicas.push(self.replica().await);
        }
        replicas
    }
}

impl Replica {
    /// What it says about itself; none when it doesn't answer.
    pub(crate) async fn state(&self) -> Option<Value> {
        let answer = self.server.operator().try_get_within("/readyz?verbose=1", Duration::from_secs(1)).await;
        serde_json::from_str(&answer.ok()?.body).ok()
    }

    pub(crate) async fn writes(&self) -> bool {
        self.state().await.is_some_and(|state| state["role"] == "writer")
    }

    /// Waits until it accepts this key, which another one issued.
    pub(crate) async fn knows(&self, key: &str) {
        let api: Api = self.server.api(key);
        let known = async || {
            let answer = api.try_get("/v1/wallets/00000000-0000-4000-8000-000000000000").await.ok()?;
            (answer.status != 401).then_some(())
        };
        eventually("the replica knows the key", Duration::from_secs(10), known).await;
    }
}

/// The replica that writes, once one does.
pub(crate) async fn writer(replicas: &[Replica]) -> usize {
    let look = async || {
        for (index, replica) in replicas.iter().enumerate() {
            if replica.writes().await {
                return Some(index);
            }
        }
        None
    };
    eventually("a replica writes", WRITER_WITHIN, look).await
}
