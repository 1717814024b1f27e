//! A chat service that ends the sessions of an app as soon as its key is revoked, without asking the
//! ledger on every message.
//!
//! ```text
//! cargo run -p credit-ledger-client --example auth_events                       # with the test kit
//! cargo run -p credit-ledger-client --example auth_events -- \
//!     amqp://app.<app>:<password>@127.0.0.1:5672/credits <app>                  # with a broker
//! ```

use std::{
    collections::HashMap,
    env,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use credit_ledger_client::{
    Amqp, Consumer, Failure, Handler, Inbox, Received,
    broker::Broker,
    events::{AppId, AuthEvent, Event, EventType, KeyId},
    kit::{MemoryInbox, ScriptedBroker, Step, Story},
};
use tokio_util::sync::CancellationToken;

/// Who may chat: the keys that are good, and whose they are.
#[derive(Debug, Clone, Default)]
struct Chat {
    keys: Arc<Mutex<HashMap<KeyId, AppId>>>,
}

impl<T: Send> Handler<T> for Chat {
    async fn handle(&self, _: &mut T, event: &Received) -> Result<(), Failure> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Auth(AuthEvent::ApiKeyIssued(issued)) = &event.recorded.event {
            eprintln!("app {} may chat with key {}: {:?}", issued.app, issued.key, issued.scopes);
            keys.insert(issued.key, issued.app);
        }
        if let Event::Auth(AuthEvent::ApiKeyRevoked(revoked)) = &event.recorded.event {
            eprintln!("key {} is revoked: sessions of app {} end", revoked.key, revoked.app);
            keys.remove(&revoked.key);
        }
        Ok(())
    }
}

fn consumer<B: Broker>(broker: B, chat: &Chat) -> Consumer<B, MemoryInbox<()>, Chat>
where
    Chat: Handler<<MemoryInbox<()> as Inbox>::Transaction>,
{
    Consumer::new(broker, MemoryInbox::new(), chat.clone())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let chat = Chat::default();
    let mut arguments = env::args().skip(1);
    if let (Some(amqp), Some(app)) = (arguments.next(), arguments.next()) {
        let stop = CancellationToken::new();
        let running = tokio::spawn(consumer(Amqp::new(&amqp, app.parse()?)?, &chat).run(stop.clone()));
        tokio::signal::ctrl_c().await?;
        stop.cancel();
        running.await?;
    } else {
        let mut story = Story::new();
        story.happens(EventType::ApiKeyIssued, 1);
        story.happens(EventType::ApiKeyRevoked, 1);
        let broker = ScriptedBroker::new(&story, Step::all(&story));
        broker.play(consumer(broker.clone(), &chat)).await;
    }
    let keys = chat.keys.lock().unwrap_or_else(PoisonError::into_inner);
    eprintln!("{} keys are good now", keys.len());
    Ok(())
}
