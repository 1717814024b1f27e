//! Names and rules of everything at the broker, as one document of definitions that both the
//! management API and `rabbitmqctl import_definitions` take. Taking it again changes nothing.
//!
//! An app's user may read its own two queues and nothing else: it declares nothing, binds nothing
//! and publishes nothing. Only what can't be changed later is an argument of a queue; limits are
//! policies, which can.

use events::AppId;
use serde_json::{Value, json};

/// The exchange that only the relay may write.
pub const EVENTS: &str = "ledger.events";
/// Where rejected messages go; the key is the app's id.
pub const DEAD_LETTERS: &str = "ledger.dlx";
/// Takes every message, so that one without any queue means a broken set-up.
pub const AUDIT: &str = "ledger.audit";
/// The usual name of the relay's user.
pub const RELAY_USER: &str = "credit-ledger-relay";

/// The queue that an app reads.
#[must_use]
pub fn queue(app: AppId) -> String {
    format!("app.{app}.events")
}

/// The queue in which the messages are that an app rejected or could not handle.
#[must_use]
pub fn parked(app: AppId) -> String {
    format!("app.{app}.parked")
}

/// The user as which an app reads.
#[must_use]
pub fn user(app: AppId) -> String {
    format!("app.{app}")
}

/// A user that is to be made, with its password.
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// Its password, which the document holds as it is.
    pub password: String,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How much the broker keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one app's queue; beyond them the oldest messages go to its parked ones, and the app
    /// fills the gap from the feed.
    pub queue_bytes: u64,
    /// Bytes of an app's parked messages; the oldest go.
    pub parked_bytes: u64,
    /// Bytes of the audit stream; the oldest segments go.
    pub audit_bytes: u64,
    /// How often a message is delivered before it is parked.
    pub deliveries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue_bytes: 256 << 20, parked_bytes: 32 << 20, audit_bytes: 1 << 30, deliveries: 10 }
    }
}

/// What is to be there.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The virtual host.
    pub vhost: &'a str,
    /// The relay's user.
    pub relay: &'a str,
    /// The apps.
    pub apps: &'a [AppId],
    /// Users that are not there yet.
    pub users: &'a [NewUser],
    /// How much the broker keeps.
    pub limits: Limits,
}

impl Plan<'_> {
    /// Everything as one document.
    #[must_use]
    pub fn definitions(&self) -> Value {
        let users =
            self.users.iter().map(|user| json!({ "name": user.name, "password": user.password, "tags": "" }));
        json!({
            "vhosts": [{ "name": self.vhost }],
            "users": users.collect::<Vec<_>>(),
            "permissions": self.permissions(),
            "topic_permissions": self.topic_permissions(),
            "policies": self.policies(),
            "exchanges": [self.exchange(EVENTS, "topic"), self.exchange(DEAD_LETTERS, "direct")],
            "queues": self.queues(),
            "bindings": self.bindings(),
        })
    }

    fn permissions(&self) -> Vec<Value> {
        let vhost = self.vhost;
        let relay = json!({
            "user": self.relay, "vhost": vhost, "configure": "^ledger\\.events$",
            "write": "^ledger\\.(events|audit)$", "read": "^ledger\\.(events|audit)$",
        });
        let apps = self.apps.iter().map(|app| {
            json!({
                "user": user(*app), "vhost": vhost, "configure": "^$", "write": "^$",
                "read": format!("^app\\.{app}\\.(events|parked)$"),
            })
        });
        std::iter::once(relay).chain(apps).collect()
    }

    /// A second fence: should an app ever be allowed to bind, it still gets no keys but its own.
    fn topic_permissions(&self) -> Vec<Value> {
        let of = |app: &AppId| {
            json!({
                "user": user(*app), "vhost": self.vhost, "exchange": EVENTS,
                "write": "^$", "read": format!("^[a-z]+\\.{app}\\..*$"),
            })
        };
        self.apps.iter().map(of).collect()
    }

    fn policies(&self) -> Vec<Value> {
        let Limits { queue_bytes, parked_bytes, audit_bytes, deliveries } = self.limits;
        let policy = |name: String, definition: Value| {
            let pattern = format!("^{}$", name.replace('.', "\\."));
            json!({
                "vhost": self.vhost, "name": name, "pattern": pattern, "apply-to": "queues",
                "priority": 10, "definition": definition,
            })
        };
        let audit = policy(AUDIT.to_owned(), json!({ "max-length-bytes": audit_bytes }));
        let apps = self.apps.iter().flat_map(|app| {
            let events = json!({
                "delivery-limit": deliveries, "max-length-bytes": queue_bytes, "overflow": "drop-head",
                "dead-letter-exchange": DEAD_LETTERS, "dead-letter-routing-key": app.to_string(),
            });
            let kept = json!({ "max-length-bytes": parked_bytes, "overflow": "drop-head" });
            [policy(queue(*app), events), policy(parked(*app), kept)]
        });
        std::iter::once(audit).chain(apps).collect()
    }

    fn exchange(&self, name: &str, kind: &str) -> Value {
        json!({
            "name": name, "vhost": self.vhost, "type": kind, "durable": true,
            "auto_delete": false, "internal": false, "arguments": {},
        })
    }

    fn queues(&self) -> Vec<Value> {
        let queue_of = |name: &str, arguments: Value| {
            json!({
                "name": name, "vhost": self.vhost, "durable": true, "auto_delete": false,
                "arguments": arguments,
            })
        };
        let quorum = json!({ "x-queue-type": "quorum" });
        let ordered = json!({ "x-queue-type": "quorum", "x-single-active-consumer": true });
        let audit = queue_of(AUDIT, json!({ "x-queue-type": "stream" }));
        let apps = self.apps.iter().flat_map(|app| {
            [queue_of(&queue(*app), ordered.clone()), queue_of(&parked(*app), quorum.clone())]
        });
        std::iter::once(audit).chain(apps).collect()
    }

    fn bindings(&self) -> Vec<Value> {
        let binding = |source: &str, destination: String, key: String| {
            json!({
                "source": source, "vhost": self.vhost, "destination": destination,
                "destination_type": "queue", "routing_key": key, "arguments": {},
            })
        };
        let audit = binding(EVENTS, AUDIT.to_owned(), "#".to_owned());
        let apps = self.apps.iter().flat_map(|app| {
            [
                binding(EVENTS, queue(*app), format!("*.{app}.#")),
                binding(DEAD_LETTERS, parked(*app), app.to_string()),
            ]
        });
        std::iter::once(audit).chain(apps).collect()
    }
}
