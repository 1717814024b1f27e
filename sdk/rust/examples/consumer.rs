//! Prints whom to tell that credits are running low.
//!
//! ```text
//! cargo run -p credit-ledger-client --example consumer -- \
//!     amqp://app.<app>:<password>@127.0.0.1:5672/credits <app> http://127.0.0.1:8080
//! ```
//! The environment's `LEDGER_KEY` is an API key of the app; the feed asks for it. Ctrl-C stops in good
//! order. This example remembers nothing: each start reads from the first event. A real app implements
//! `Inbox` over its database.

use std::{env, error::Error};

use credit_ledger_client::{
    Amqp, Consumer, Failure, Handler, HttpFeed, Received,
    events::Event,
    kit::{MemoryInbox, MemoryTransaction},
};
use tokio_util::sync::CancellationToken;

struct Reminders;

impl Handler<MemoryTransaction<String>> for Reminders {
    async fn handle(
        &self,
        reminders: &mut MemoryTransaction<String>,
        event: &Received,
    ) -> Result<(), Failure> {
        let recorded = &event.recorded;
        if let (Event::BalanceLow(low), Some(wallet)) = (&recorded.event, recorded.wallet()) {
            let reminder = format!(
                "{} tell the owner of wallet {wallet}: {} credits left, less than {}",
                recorded.envelope.time, low.wallet.available, low.threshold
            );
            eprintln!("{reminder}");
            reminders.insert(reminder);
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = env::args().skip(1);
    let (Some(amqp), Some(app), Some(ledger)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: consumer AMQP_URL APP LEDGER_URL, and LEDGER_KEY in the environment".into());
    };
    let broker = Amqp::new(&amqp, app.parse()?)?;
    let feed = HttpFeed::new(reqwest::Client::new(), &ledger, env::var("LEDGER_KEY")?);
    let stop = CancellationToken::new();
    let consumer = Consumer::new(broker, MemoryInbox::new(), Reminders).with_feed(feed);
    let running = tokio::spawn(consumer.run(stop.clone()));
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    Ok(running.await?)
}
