//! Clients of a cluster, spread over its servers. Those with keys repeat each until it has an answer;
//! those without never ask twice.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{
    api::{Answer, Api},
    books::{Books, micros, wallet as wallet_of},
    clock::Stopwatch,
    spender::Paid,
};

/// How long a client with a key waits for one server before it asks another.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long a client without one waits: longer than any server takes to give up.
const ONLY_ATTEMPT: Duration = Duration::from_secs(30);
/// Between two attempts with one key.
const PAUSE: Duration = Duration::from_millis(20);
/// The service that clients without keys pay, so that their events are known.
const KEYLESS: &str = "walk-in";

/// What clients share.
pub(crate) struct Field {
    watch: Stopwatch,
    /// Where the servers are; a server that starts anew takes its own place.
    urls: Mutex<Vec<String>>,
    stop: AtomicBool,
    hurry: AtomicBool,
    /// When each deduction that was answered with 201 was asked for, and when the answer came.
    marks: Mutex<Vec<(Duration, Duration)>>,
    /// Problems of status 503 and 504 that clients saw.
    problems: Mutex<Vec<Answer>>,
}

/// What became of a client's deductions.
#[derive(Default)]
pub(crate) struct Spent {
    /// Those with a key.
    pub(crate) paid: Vec<Paid>,
    /// Position, wallet and cost of those without one.
    pub(crate) keyless: Vec<(u64, String, String)>,
    /// Deductions without a key that nobody told the outcome of.
    pub(crate) unknown: usize,
}

/// How clients behave.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// One client in so many has no keys; 0 for none.
    pub(crate) keyless_every: usize,
    /// Each client rests so long between two deductions.
    pub(crate) rest: Duration,
    /// Each client makes so many, unless all are stopped before.
    pub(crate) deductions: usize,
}

impl Field {
    pub(crate) fn new(urls: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            watch: Stopwatch::start(),
            urls: Mutex::new(urls),
            stop: AtomicBool::new(false),
            hurry: AtomicBool::new(false),
            marks: Mutex::default(),
            problems: Mutex::default(),
        })
    }

    /// A server has another address now.
    pub(crate) fn moved(&self, server: usize, url: &str) {
        url.clone_into(&mut self.urls.lock().expect("no panic")[server]);
    }

    pub(crate) fn now(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Clients make the deduction they are at and no other.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Clients rest no more.
    pub(crate) fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
    }

    /// When a deduction that was asked for after `since` had first been answered with 201.
    pub(crate) fn answered_since(&self, since: Duration) -> Option<Duration> {
        let marks = self.marks.lock().expect("no panic");
        let later = marks.iter().rev().take_while(|(_, answered)| *answered >= since);
        later.filter(|(asked, _)| *asked >= since).map(|(_, answered)| *answered).min()
    }

    /// How many deductions were answered with 201.
    pub(crate) fn answered(&self) -> usize {
        self.marks.lock().expect("no panic").len()
    }

    /// Since then: the longest time in which no deduction was answered, and the longest that one took.
    pub(crate) fn longest_since(&self, since: Duration) -> (Duration, Duration) {
        let marks = self.marks.lock().expect("no panic");
        let mut marks: Vec<_> = marks.iter().copied().filter(|(_, answered)| *answered >= since).collect();
        marks.sort_unstable_by_key(|(_, answered)| *answered);
        let pause = marks.windows(2).map(|two| two[1].1 - two[0].1).max().unwrap_or_default();
        let taken = marks.iter().map(|(asked, answered)| *answered - *asked).max().unwrap_or_default();
        (pause, taken)
    }

    /// The problems that were seen so far; each must say when to come back, unless it must not be
    /// repeated.
    pub(crate) fn problems(&self) -> usize {
        let problems = self.problems.lock().expect("no panic");
        for problem in problems.iter() {
            let retry_after = problem.headers.contains_key("retry-after");
            let outcome_unknown = problem.status == 504;
            assert!(retry_after != outcome_unknown, "{problem:#?}");
            assert_eq!(problem.headers["content-type"], "application/problem+json", "{problem:#?}");
            assert!(!problem.text("/detail").is_empty(), "{problem:#?}");
        }
        problems.len()
    }

    /// Lets clients spend on these wallets, one each in turn.
    pub(crate) fn spend(
        self: &Arc<Self>,
        api: &Api,
        clients: usize,
        wallets: &[String],
        manner: Manner,
    ) -> Vec<JoinHandle<Spent>> {
        let client = |number: usize| {
            let wallet = wallets[number % wallets.len()].clone();
            let cost = format!("1.{:06}", 10 * number + 1);
            let keyless = manner.keyless_every > 0 && number.is_multiple_of(manner.keyless_every);
            let client = Client { field: Arc::clone(self), api: api.clone(), number, wallet, cost };
            tokio::spawn(client.spend(keyless, manner))
        };
        (0..clients).map(client).collect()
    }

    fn url(&self, server: usize) -> String {
        let urls = self.urls.lock().expect("no panic");
        urls[server % urls.len()].clone()
    }

    fn mark(&self, asked: Duration) {
        let mut marks = self.marks.lock().expect("no panic");
        marks.push((asked, self.now()));
    }
}

struct Client {
    field: Arc<Field>,
    api: Api,
    number: usize,
    wallet: String,
    cost: String,
}

impl Client {
    async fn spend(self, keyless: bool, manner: Manner) -> Spent {
        let (mut spent, mut at) = (Spent::default(), self.number);
        for turn in 0..manner.deductions {
            if self.field.stop.load(Ordering::Relaxed) {
                break;
            }
            if keyless {
                self.once(&mut at, &mut spent).await;
            } else {
                let key = format!("client-{}-{turn}", self.number);
                spent.paid.push(self.until_answered(&mut at, key).await);
            }
            if !self.field.hurry.load(Ordering::Relaxed) {
                tokio::time::sleep(manner.rest).await;
            }
        }
        spent
    }

    /// Asks one server after the other, with the same key, until there is an answer.
    async fn until_answered(&self, at: &mut usize, key: String) -> Paid {
        loop {
            let asked = self.field.now();
            let answer = self.ask(*at, Some(&key), "chat", ATTEMPT).await.ok();
            if let Some(answer) = answer.filter(|answer| self.is_paid(answer)) {
                self.field.mark(asked);
                let (id, position) = (answer.text("/id"), answer.text("/position"));
                let (wallet, cost, replayed) = (self.wallet.clone(), self.cost.clone(), answer.is_replayed());
                return Paid { key, id, position, wallet, cost, replayed };
            }
            *at += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks once. Only a 503 says for certain that nothing was charged, and that nobody is there.
    async fn once(&self, at: &mut usize, spent: &mut Spent) {
        let asked = self.field.now();
        match self.ask(*at, None, KEYLESS, ONLY_ATTEMPT).await {
            Ok(answer) if self.is_paid(&answer) => {
                self.field.mark(asked);
                let position = answer.text("/position").parse().expect("a number");
                spent.keyless.push((position, self.wallet.clone(), self.cost.clone()));
            }
            Ok(answer) if answer.status == 503 => *at += 1,
            Err(error) if error.is_connect() => *at += 1,
            Ok(_) | Err(_) => {
                spent.unknown += 1;
                *at += 1;
            }
        }
    }

    async fn ask(
        &self,
        at: usize,
        key: Option<&str>,
        service: &str,
        within: Duration,
    ) -> reqwest::Result<Answer> {
        let api = self.api.at(&self.field.url(at));
        let request = match key {
            Some(key) => {
                let path = format!("/v1/wallets/{}/deductions", self.wallet);
                let body = json!({ "service": service, "cost": self.cost });
                api.request(Method::POST, &path).header("Idempotency-Key", key).json(&body)
            }
            // The one path that does without a key.
            None => {
                let cost: serde_json::Number = self.cost.parse().expect("a number");
                let body = json!({ "service": service, "cost": cost });
                let request = api.request(Method::POST, "/api/mcp/v1/credits/deduct").json(&body);
                request.header("X-User-ID", &self.wallet)
            }
        };
        Answer::of(request.timeout(within).send().await?).await
    }

    /// Whether it was paid; anything but that and a 503 or 504 is wrong.
    fn is_paid(&self, answer: &Answer) -> bool {
        let paid = matches!(answer.status, 200 | 201);
        if !paid {
            assert!(matches!(answer.status, 503 | 504), "{answer:#?}");
            let seen = Answer { headers: answer.headers.clone(), body: answer.body.clone(), ..*answer };
            self.field.problems.lock().expect("no panic").push(seen);
        }
        paid
    }
}

/// Waits for all clients.
pub(crate) async fn all(clients: Vec<JoinHandle<Spent>>) -> Spent {
    let mut all = Spent::default();
    for client in clients {
        let spent = client.await.expect("a client");
        all.paid.extend(spent.paid);
        all.keyless.extend(spent.keyless);
        all.unknown += spent.unknown;
    }
    all
}

impl Spent {
    /// Fails unless each acknowledged deduction is in the books once, and nothing but those and, of the
    /// ones without keys, at most those of unknown outcome. Gives the number of all deductions.
    pub(crate) fn must_be_in(&self, books: &Books) -> usize {
        let is_keyless = |event: &serde_json::Value| event["data"]["service"] == KEYLESS;
        let (keyless, keyed): (Vec<_>, Vec<_>) =
            books.events_of("credits.deducted.v1").partition(|event| is_keyless(event));
        let by_key = |event: &serde_json::Value| super::books::key(event).expect("a key").to_owned();
        let mut charged: Vec<_> = keyed.iter().map(|event| by_key(event)).collect();
        let mut acknowledged: Vec<_> = self.paid.iter().map(|paid| paid.key.clone()).collect();
        charged.sort_unstable();
        acknowledged.sort_unstable();
        // Every key was repeated until it had its answer, so nothing else was charged.
        assert!(charged == acknowledged, "{} charged, {} acknowledged", charged.len(), acknowledged.len());
        for paid in &self.paid {
            let position = paid.position.parse().expect("a number");
            must_be_at(books, position, &paid.wallet, &paid.cost);
            assert_eq!(super::books::key(&books.events[position]), Some(paid.key.as_str()));
        }
        for (position, wallet, cost) in &self.keyless {
            let position = usize::try_from(*position).expect("a number");
            must_be_at(books, position, wallet, cost);
            assert!(is_keyless(&books.events[position]));
        }
        let mut positions: Vec<_> = self.keyless.iter().map(|(position, _, _)| position).collect();
        positions.sort_unstable();
        positions.dedup();
        assert_eq!(positions.len(), self.keyless.len(), "one answer each");
        let (least, most) = (self.keyless.len(), self.keyless.len() + self.unknown);
        assert!((least..=most).contains(&keyless.len()), "{} of {least} to {most}", keyless.len());
        keyed.len() + keyless.len()
    }
}

#[track_caller]
fn must_be_at(books: &Books, position: usize, wallet: &str, cost: &str) {
    let event = &books.events[position];
    assert_eq!(event["type"], "credits.deducted.v1", "{event}");
    assert_eq!(wallet_of(event), Some(wallet), "{event}");
    assert_eq!(event["data"]["cost"], cost, "{event}");
}

/// Fails unless the API tells the balances that follow from the books.
pub(crate) async fn balances_must_be_those_of(books: &Books, api: &Api, wallets: &[String]) {
    let computed = books.balances();
    for wallet in wallets {
        assert_eq!(Some(&micros(&api.balance(wallet).await)), computed.get(wallet), "{wallet}");
    }
}
