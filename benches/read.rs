//! Speed of the projections alone: `cargo bench --bench read -- [EVENTS] [WALLETS] [deductions|mixed] [DIRECTORY] [URL]`.
//!
//! The projections are in a file, or in the PostgreSQL database at URL, which is migrated when it isn't
//! yet: the user must be allowed to.
//!
//! Fills a log with deductions, then prints events/s and bytes written per event of the runner, and
//! events/s of a comparison and of a verification, and what cold look-ups and looks at the past cost.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::{env, error::Error, fs, hint::black_box, path::Path, sync::Arc, time::Duration};

use credit_ledger::{
    app::migrations,
    clock::SystemClock,
    engine::{ColdState, Wanted},
    log::{
        Bodies, Log,
        postgres::{PARTITION_EVENTS, migrate},
        sqlite::SqliteLog,
    },
    read::{
        Database, Explained, Fold, Reads, StatementQuery, StoredReads, UsageBy, UsageQuery, When, postgres,
        replay, sqlite,
    },
};
use events::{CommandId, LedgerId, Position, Time, decode};
use uuid::Uuid;

#[path = "../tests/it/support/history.rs"]
mod history;

use history::{History, Mix};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn per_second(count: u64, time: Duration) -> u128 {
    u128::from(count) * 1_000_000_000 / time.as_nanos().max(1)
}

/// Bytes that this process has caused to be written to storage; 0 where Linux doesn't say.
fn bytes_written() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// CPU time of this process, in clock ticks of 10 ms.
fn cpu() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    stat.rsplit(')')
        .next()
        .unwrap_or("")
        .split(' ')
        .skip(12)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum()
}

async fn fill(history: &mut History, log: &dyn Log, events: u64, mix: Mix) -> Result<(), Box<dyn Error>> {
    let mut bodies = Bodies::default();
    history.begin(&mut bodies);
    history.fund(&mut bodies);
    let mut head = Position(0);
    loop {
        let groups: Vec<&[u8]> = bodies.iter().collect();
        for group in groups.chunks(1_000) {
            head = log.append(head, &group.iter().collect()).await?;
        }
        if head.get() >= events {
            return Ok(());
        }
        bodies.clear();
        history.extend(&mut bodies, 10_000.min((events - head.get()) as usize), mix);
    }
}

async fn measure(
    directory: &Path,
    url: Option<&str>,
    (events, wallets, mix): (u64, usize, Mix),
) -> Result<(), Box<dyn Error>> {
    let mut history = History::new(1, 1, wallets);
    let log = Arc::new(SqliteLog::open(directory).await?);
    fill(&mut history, &*log, events, mix).await?;
    log.close().await;
    let log = Arc::new(SqliteLog::open(directory).await?);
    if let Some(url) = url {
        migrate(url, &migrations::postgres(), PARTITION_EVENTS).await?;
        let (log, ledger) = (log.clone(), history.ledger);
        let open = async || {
            postgres::at_rest(url, ledger, log.clone(), Arc::new(SystemClock::new()), |_, _| {}).await
        };
        projected(&history, log.clone(), open).await?;
    } else {
        let (log, ledger) = (log.clone(), history.ledger);
        let open = async || {
            sqlite::at_rest(directory, ledger, log.clone(), Arc::new(SystemClock::new()), |_, _| {}).await
        };
        projected(&history, log.clone(), open).await?;
    }
    log.close().await;
    Ok(())
}

/// Projects the log by opening the projections, and asks them.
async fn projected<D: Database, E: Error + 'static>(
    history: &History,
    log: Arc<SqliteLog>,
    open: impl AsyncFn() -> Result<StoredReads<D>, E>,
) -> Result<(), Box<dyn Error>> {
    let ledger = history.ledger;

    let (written, ticks, start) = (bytes_written(), cpu(), now());
    let live = open().await?;
    let time = now() - start;
    let count = log.head().await?.get();
    println!(
        "project   {:>9}/s  cpu {} ms  {} B/event",
        per_second(count, time),
        (cpu() - ticks) * 10,
        (bytes_written() - written) / count
    );

    let (ticks, start) = (cpu(), now());
    let comparison = replay::compare(ledger, log.clone(), &live, |_, _| {}).await?;
    println!(
        "compare   {:>9}/s  cpu {} ms  equal {}",
        per_second(count, now() - start),
        (cpu() - ticks) * 10,
        comparison.is_equal()
    );

    let (ticks, start) = (cpu(), now());
    let verified = replay::verify(log.clone(), Some(&live), |_, _| {}).await?;
    println!(
        "verify    {:>9}/s  cpu {} ms  wallets {:?}",
        per_second(count, now() - start),
        (cpu() - ticks) * 10,
        verified.wallets_compared
    );
    live.close().await;

    let start = now();
    let live = open().await?;
    println!("open      {:>9} us", (now() - start).as_micros());
    let unknown =
        |n: u128| CommandId(Uuid::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)));
    let start = now();
    let lucky = (1..=100_000).filter(|n| live.may_know(unknown(*n))).count();
    println!("may_know  {:>9} ns  {lucky} of 100000", (now() - start).as_nanos() / 100_000);
    let start = now();
    for group in history.wallets.chunks(100).cycle().take(200) {
        let wanted = Wanted { wallets: group.iter().map(|(id, ..)| *id).collect(), ..Wanted::default() };
        live.load(wanted).await?;
    }
    println!("load 100  {:>9} us", (now() - start).as_micros() / 200);
    look_back(&live, history, count).await?;
    fold_alone(&*log, ledger, count).await?;
    live.close().await;
    Ok(())
}

/// What the last events of the log cost to fold, without reading, decoding and writing.
async fn fold_alone(log: &dyn Log, ledger: LedgerId, count: u64) -> Result<(), Box<dyn Error>> {
    let mut fold = Fold::of_everything(ledger);
    let (mut time, mut folded) = (Duration::ZERO, 0);
    while fold.next().get() < count {
        let page = log.read(fold.next(), 2_000).await?;
        let events = page.iter().map(|(_, body)| decode(body)).collect::<Result<Vec<_>, _>>()?;
        let start = now();
        for recorded in &events {
            fold.apply(recorded)?;
        }
        fold.clear();
        if fold.next().get() > count / 2 {
            (time, folded) = (time + (now() - start), folded + events.len() as u128);
        }
    }
    println!("fold      {:>9} ns/event", time.as_nanos() / folded.max(1));
    Ok(())
}

/// The slowest and the median of some questions about the past, in microseconds.
async fn look_back<D: Database>(
    live: &StoredReads<D>,
    history: &History,
    count: u64,
) -> Result<(), Box<dyn Error>> {
    let org = history.orgs[0];
    let (mut at, mut forward, mut timed) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (wallet, ..)) in (1..=200).zip(history.wallets.iter().cycle()) {
        let when = When::Position(Position(count * number / 200));
        let start = now();
        black_box(live.wallet_at(*wallet, when).await?);
        at.push((now() - start).as_micros());
        let (start, from) = (now(), When::Position(Position(count * number / 451)));
        let report = live.liability(org, from, when).await?;
        forward.push((now() - start).as_micros());
        let start = now();
        black_box(live.position_at(report.to.time).await?);
        timed.push((now() - start).as_micros());
    }
    for (what, mut times) in [("wallet_at", at), ("liability", forward), ("position_at", timed)] {
        times.sort_unstable();
        println!("{what:<11} {:>7} us, at most {} us", times[times.len() / 2], times[times.len() - 1]);
    }
    let wallet = history.wallets[0].0;
    let end = When::Position(Position(count));
    let start = now();
    let told = live.explanation(wallet, end, 10_000_000).await?;
    let took = (now() - start).as_micros();
    if let Explained::Told(told) = told {
        println!("explanation {took:>7} us  lots {}", told.lots.len());
    }
    let (from, to) = (When::Position(Position(0)), end);
    let start = now();
    let part = live.statement(StatementQuery { wallet, from, to, limit: 1_000 }).await?;
    println!("statement   {:>7} us  events {:?}", (now() - start).as_micros(), part.map(|p| p.events.len()));
    let (from, until, by) = (Time::from_micros(0), Time::from_micros(i64::MAX), vec![UsageBy::Service]);
    let start = now();
    let usage = live.usage(UsageQuery { org, from, until, by }).await?;
    println!("usage       {:>7} us  lines {}", (now() - start).as_micros(), usage.lines.len());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let number =
        |index: usize, otherwise: u64| arguments.get(index).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (events, wallets) = (number(0, 1_000_000), number(1, 10_000) as usize);
    let mix =
        if arguments.get(2).is_some_and(|mix| mix == "mixed") { Mix::Everything } else { Mix::Deductions };
    let parent = arguments.get(3).map_or_else(env::temp_dir, Into::into);
    let directory = tempfile::tempdir_in(parent)?;
    let url = arguments.get(4).map(String::as_str);
    measure(&directory.path().join("data"), url, (events, wallets, mix)).await
}
