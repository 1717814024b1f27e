//! A client as every client should be: it never gives a key up before it has an answer.

use super::api::{Answer, Api};

/// A deduction that the server acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Paid {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) position: String,
    pub(crate) wallet: String,
    pub(crate) cost: String,
    /// Whether the acknowledgement was a repeated one, so an earlier one was lost.
    pub(crate) replayed: bool,
}

/// Why a client stopped spending.
#[derive(Debug)]
pub(crate) enum Stop {
    /// No answer came.
    Silence(reqwest::Error),
    /// The server said no.
    No(Answer),
}

/// Spends, one deduction after the other, each under a key of its own.
pub(crate) struct Spender {
    name: String,
    wallet: String,
    cost: String,
    next: u64,
    /// The key that was sent and not answered.
    pub(crate) unanswered: Option<String>,
    pub(crate) paid: Vec<Paid>,
}

impl Spender {
    pub(crate) fn new(name: impl Into<String>, wallet: impl Into<String>, cost: impl Into<String>) -> Self {
        let (name, wallet, cost) = (name.into(), wallet.into(), cost.into());
        Self { name, wallet, cost, next: 0, unanswered: None, paid: Vec::new() }
    }

    /// Spends once; repeats the key that is unanswered, when there is one.
    pub(crate) async fn step(&mut self, api: &Api) -> Result<(), Stop> {
        let key = self.unanswered.take().unwrap_or_else(|| {
            self.next += 1;
            format!("{}-{}", self.name, self.next)
        });
        self.unanswered = Some(key.clone());
        let answer = api.deduct(&self.wallet, &key, &self.cost).await.map_err(Stop::Silence)?;
        if answer.status != 201 {
            return Err(Stop::No(answer));
        }
        self.unanswered = None;
        let (id, position, replayed) = (answer.text("/id"), answer.text("/position"), answer.is_replayed());
        let (wallet, cost) = (self.wallet.clone(), self.cost.clone());
        self.paid.push(Paid { key, id, position, wallet, cost, replayed });
        Ok(())
    }

    /// Spends until something stops it.
    pub(crate) async fn spend(&mut self, api: &Api) -> Stop {
        loop {
            if let Err(stop) = self.step(api).await {
                return stop;
            }
        }
    }
}

/// Lets all spend at once, each over connections of its own, until each is stopped.
pub(crate) async fn spend_at_once(
    spenders: Vec<Spender>,
    api: impl Fn() -> Api,
) -> Vec<tokio::task::JoinHandle<(Spender, Stop)>> {
    let spend = |mut spender: Spender| {
        let api = api();
        tokio::spawn(async move {
            let stop = spender.spend(&api).await;
            (spender, stop)
        })
    };
    spenders.into_iter().map(spend).collect()
}
