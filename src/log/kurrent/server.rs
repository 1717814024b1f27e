//! Reaching the store, and replacing the client when it has come to its end.

use std::{fmt, time::Duration};

use eventstore::{Client, ClientSettings, Error};
use tokio::{
    sync::{Mutex, MutexGuard},
    task::spawn_blocking,
};

/// What is asked of the client unless the URL says something else. Its own interval is 500 ms, which it
/// sleeps before every first connection.
const DEFAULTS: [(&str, &str); 2] = [("discoveryInterval", "50"), ("nodePreference", "leader")];

/// How often in a row a client may fail before it is replaced. One failure is a connection that was lost
/// while it was idle, and the same client makes another one; replacing it costs a task that never ends.
/// But a client never leaves a node that has gone, and is dead for good when it once found none.
const FAILURES_MAX: u32 = 2;

/// The first pause before a request is repeated; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The pause before attempt number `attempt`, counted from 1.
pub(super) fn pause(attempt: u32) -> Duration {
    PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(PAUSE_MAX)
}

/// Where the store is, and the client that is used at present.
pub(super) struct Server {
    settings: ClientSettings,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    client: Option<Client>,
    /// Counts the clients, so that a late failure of one isn't held against the next.
    generation: u64,
    /// How often in a row it failed.
    failures: u32,
}

/// A client, and which one it is.
pub(super) struct Lent {
    pub(super) client: Client,
    generation: u64,
}

impl Server {
    /// The store that `url` names, in the form that KurrentDB's clients share; `None` when it has another.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let mut url = url.to_owned();
        for (name, value) in DEFAULTS {
            if !url.to_ascii_lowercase().contains(&format!("{}=", name.to_ascii_lowercase())) {
                let separator = if url.contains('?') { '&' } else { '?' };
                url.push_str(&format!("{separator}{name}={value}"));
            }
        }
        // The text of the error may hold the URL, and the URL a password.
        let settings = url.parse().ok()?;
        Some(Self { settings, slot: Mutex::default() })
    }

    /// A client. It may turn out to be of no use: then say so with [`failed`](Self::failed).
    pub(super) async fn client(&self) -> Result<Lent, String> {
        let mut slot = self.slot.lock().await;
        let client = match &slot.client {
            Some(client) => client.clone(),
            None => {
                let settings = self.settings.clone();
                // It reads the system's certificates.
                let made = spawn_blocking(|| Client::new(settings).map_err(|error| error.to_string()));
                let client = made.await.map_err(|panic| panic.to_string()).flatten()?;
                slot.client = Some(client.clone());
                client
            }
        };
        Ok(Lent { client, generation: slot.generation })
    }

    /// Whoever was lent the client got an answer over it.
    pub(super) async fn worked(&self, lent: &Lent) {
        if let Some(mut slot) = self.current(lent).await {
            slot.failures = 0;
        }
    }

    /// Whoever was lent the client got no answer over it; `error` is absent when none came in time, or not
    /// the whole of one.
    pub(super) async fn failed(&self, lent: &Lent, error: Option<&Error>) {
        let Some(mut slot) = self.current(lent).await else {
            return;
        };
        slot.failures += 1;
        let useless = matches!(error, None | Some(Error::ConnectionClosed | Error::GrpcConnectionError(_)));
        if useless || slot.failures >= FAILURES_MAX {
            *slot = Slot { generation: slot.generation + 1, ..Slot::default() };
        }
    }

    async fn current(&self, lent: &Lent) -> Option<MutexGuard<'_, Slot>> {
        Some(self.slot.lock().await).filter(|slot| slot.generation == lent.generation)
    }
}

/// The nodes, without user and password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.settings.is_dns_discovery_enabled() { "esdb+discover" } else { "esdb" };
        for (index, node) in self.settings.hosts().iter().enumerate() {
            let before = if index == 0 { format!("{scheme}://") } else { ",".to_owned() };
            write!(f, "{before}{}:{}", node.host, node.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventstore::NodePreference;

    #[test]
    fn what_is_shown_holds_no_password() {
        let shown = |url| Server::parse(url).map(|server| server.to_string());
        assert_eq!(
            shown("esdb://admin:secret@one:2113,two:2114?tls=false").as_deref(),
            Some("esdb://one:2113,two:2114")
        );
        assert_eq!(shown("kurrentdb+discover://admin:secret@db").as_deref(), Some("esdb+discover://db:2113"));
        assert_eq!(shown("postgres://admin:secret@db"), None);
        assert_eq!(shown("esdb://admin:secret@db:port"), None);
    }

    #[test]
    fn what_the_url_says_is_kept() {
        let settings = |url| Server::parse(url).expect("a URL").settings;
        let plain = settings("esdb://one");
        assert_eq!(plain.discovery_interval(), Duration::from_millis(50));
        assert_eq!(plain.node_preference(), NodePreference::Leader);
        let said = settings("esdb://one?discoveryinterval=7&nodePreference=follower");
        assert_eq!(said.discovery_interval(), Duration::from_millis(7));
        assert_eq!(said.node_preference(), NodePreference::Follower);
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let pauses = [1, 2, 3, 7, 40].map(|attempt| pause(attempt).as_millis());
        assert_eq!(pauses, [50, 100, 200, 2000, 2000]);
    }
}
