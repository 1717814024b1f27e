//! A private RabbitMQ: one for the test binary, started by the first test that needs it, in a
//! temporary directory, on loopback ports of its own, and ended with the test process however that
//! ends. Tests have a virtual host each; those that hurt the broker have it alone.

mod api;
mod node;

use std::{
    ops::Deref,
    sync::atomic::{AtomicU64, Ordering},
};

use events::AppId;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use credit_ledger::broker::topology::{Limits, NewUser, Plan, RELAY_USER, user};

pub(crate) use node::Rabbit;

static RABBIT: OnceCell<Rabbit> = OnceCell::const_new();
static TURN: RwLock<()> = RwLock::const_new(());
/// The relay's user is one for all virtual hosts, and the broker refuses to make it twice at once.
static PROVISIONING: Mutex<()> = Mutex::const_new(());

/// The broker for a while.
pub(crate) struct Lease {
    rabbit: &'static Rabbit,
    _turn: Turn,
}

#[expect(dead_code, reason = "held for the time that it lasts")]
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Deref for Lease {
    type Target = Rabbit;

    fn deref(&self) -> &Rabbit {
        self.rabbit
    }
}

async fn rabbit() -> &'static Rabbit {
    RABBIT.get_or_init(Rabbit::start).await
}

/// The broker beside other tests.
pub(crate) async fn shared() -> Lease {
    let turn = Turn::Shared(TURN.read().await);
    Lease { rabbit: rabbit().await, _turn: turn }
}

/// The broker alone, to be hurt. It must be whole again when the lease ends.
pub(crate) async fn alone() -> Lease {
    let turn = Turn::Alone(TURN.write().await);
    Lease { rabbit: rabbit().await, _turn: turn }
}

/// A virtual host with everything for these apps, all of whose users have the password `secret`.
pub(crate) struct VHost {
    pub(crate) name: String,
    port: u16,
}

impl Rabbit {
    pub(crate) async fn vhost(&self, apps: &[AppId]) -> VHost {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.provision(&name, apps).await;
        VHost { name, port: self.port }
    }

    /// What `broker provision` sets up.
    pub(crate) async fn provision(&self, vhost: &str, apps: &[AppId]) {
        let names = apps.iter().map(|app| user(*app)).chain([RELAY_USER.to_owned()]);
        let users: Vec<_> = names.map(|name| NewUser { name, password: "secret".to_owned() }).collect();
        let _turn = PROVISIONING.lock().await;
        let plan = Plan { vhost, relay: RELAY_USER, apps, users: &users, limits: Limits::default() };
        self.api("POST", "definitions", Some(&plan.definitions())).await;
    }

    /// Unbinds a queue from an exchange.
    pub(crate) async fn unbind(&self, vhost: &VHost, exchange: &str, queue: &str, key: &str) {
        let path = format!("bindings/{}/e/{exchange}/q/{queue}", vhost.name);
        let bindings = self.api("GET", &path, None).await;
        let bindings = bindings.as_array().expect("bindings");
        let bound = bindings.iter().find(|binding| binding["routing_key"] == json!(key)).expect("a binding");
        let key =
            bound["properties_key"].as_str().expect("a key").replace('#', "%23").replace("%2323", "%2523");
        self.api("DELETE", &format!("{path}/{key}"), None).await;
    }

    /// The queues of a virtual host as the broker itself describes them; the management API's
    /// answers come from samples.
    pub(crate) async fn queues(&self, vhost: &VHost) -> Vec<Value> {
        let list = ["--quiet", "list_queues", "-p", &vhost.name, "--formatter", "json"];
        let columns = ["name", "type", "arguments", "policy"];
        serde_json::from_str(&self.ctl(&[&list[..], &columns].concat()).await).expect("a list")
    }
}

impl VHost {
    /// Where this user finds it.
    pub(crate) fn url(&self, user: &str) -> String {
        format!("amqp://{user}:secret@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// Where the relay finds it.
    pub(crate) fn relay_url(&self) -> String {
        self.url(RELAY_USER)
    }

    /// Where an app finds it.
    pub(crate) fn app_url(&self, app: AppId) -> String {
        self.url(&user(app))
    }
}
