//! A wallet as its events tell it.

use events::{Event, Position, Recorded, WalletId};
use ledger::Wallet;
use serde_json::value::RawValue;

use crate::support::app::{Answer, Client};

/// What the feed has told of one wallet.
#[derive(Default)]
pub(super) struct Feed {
    after: Option<Position>,
    wallet: Option<Wallet>,
}

impl Feed {
    /// Reads on to the end: the new events. Each must follow the one before it.
    pub(super) async fn read(&mut self, client: &Client, wallet: WalletId) -> Vec<Event> {
        let mut news = Vec::new();
        loop {
            let after = self.after.map_or_else(String::new, |after| format!("&after={after}"));
            let path = format!("/v1/events?wallet={wallet}&limit=1000{after}");
            let page = page(&client.get(&path).await.expect(200));
            if page.is_empty() {
                return news;
            }
            for recorded in page {
                self.after = Some(recorded.envelope.position);
                self.wallet = Some(ledger::evolve(self.wallet.take(), &recorded).expect("a sound feed"));
                news.push(recorded.event);
            }
        }
    }
}

/// The events of an answer.
pub(super) fn page(response: &Answer) -> Vec<Recorded> {
    let bodies: Vec<&RawValue> = serde_json::from_str(response.text()).expect("a batch of events");
    bodies.iter().map(|body| events::decode(body.get().as_bytes()).expect("an event")).collect()
}
