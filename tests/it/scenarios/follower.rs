//! Reads a log to its end and keeps what became of each wallet.

use std::collections::HashMap;

use credit_ledger::log::Log;
use events::{Event, Position, Time, WalletId};
use ledger::Wallet;

/// What a log has told so far.
#[derive(Default)]
pub(super) struct Follower {
    next: Position,
    wallets: HashMap<WalletId, Wallet>,
    news: HashMap<WalletId, Vec<Event>>,
}

impl Follower {
    /// Reads to the end. Every event must follow the one before it.
    pub(super) async fn catch_up(&mut self, log: &dyn Log) {
        loop {
            let page = log.read(self.next, 1_000).await.expect("a page");
            if page.is_empty() {
                return;
            }
            for body in page.bodies.iter() {
                let recorded = events::decode(body).expect("an event");
                self.next = self.next.next();
                let Some(id) = recorded.wallet() else { continue };
                let wallet = ledger::evolve(self.wallets.remove(&id), &recorded).expect("a sound log");
                self.wallets.insert(id, wallet);
                self.news.entry(id).or_default().push(recorded.event);
            }
        }
    }

    /// Waits until everything has expired that must have by `now`.
    pub(super) async fn wait_until_nothing_is_due(&mut self, log: &dyn Log, now: Time) {
        self.catch_up(log).await;
        while self.wallets.values().any(|wallet| wallet.due().is_some_and(|due| due <= now)) {
            log.wait_past(self.next).await;
            self.catch_up(log).await;
        }
    }

    /// What happened in the wallet since the last time.
    pub(super) fn take_news(&mut self, wallet: WalletId) -> Vec<Event> {
        self.news.remove(&wallet).unwrap_or_default()
    }

    /// An open wallet.
    pub(super) fn wallet(&self, id: WalletId) -> &Wallet {
        &self.wallets[&id]
    }
}
