//! What the broker is given for an app: a queue beside the app's own, with the same bindings, which takes
//! `get` where the app's own has one consumer.

use serde_json::{Value, json};

use super::rabbit::{Lease, VHost};

/// The queue beside an app's own.
pub(crate) struct Tap<'a> {
    rabbit: &'a Lease,
    path: String,
}

impl<'a> Tap<'a> {
    /// Binds a queue wherever the app's own is bound.
    pub(crate) async fn of(rabbit: &'a Lease, vhost: &VHost, app: &str) -> Self {
        let (vhost, name) = (&vhost.name, format!("tap.{app}"));
        let path = format!("queues/{vhost}/{name}");
        rabbit.api("PUT", &path, Some(&json!({}))).await;
        let bindings = rabbit.api("GET", &format!("queues/{vhost}/app.{app}.events/bindings"), None).await;
        let mut bound = 0;
        for binding in bindings.as_array().expect("bindings") {
            let source = binding["source"].as_str().expect("an exchange");
            if source.is_empty() {
                continue;
            }
            let same = json!({ "routing_key": binding["routing_key"], "arguments": binding["arguments"] });
            rabbit.api("POST", &format!("bindings/{vhost}/e/{source}/q/{name}"), Some(&same)).await;
            bound += 1;
        }
        assert!(bound > 0, "the app's queue is bound to nothing: {bindings}");
        Self { rabbit, path }
    }

    /// The messages since the last time, with their properties and headers.
    pub(crate) async fn taken(&self) -> Vec<Value> {
        let all = json!({ "count": 10_000, "ackmode": "ack_requeue_false", "encoding": "auto" });
        let messages = self.rabbit.api("POST", &format!("{}/get", self.path), Some(&all)).await;
        messages.as_array().expect("messages").clone()
    }
}
