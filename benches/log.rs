//! Speed of the event log alone: `cargo bench --bench log`.
//!
//! Appends groups of several sizes to a fresh SQLite log and reads all back, one line a group size:
//! events/s appended and read, the slowest appends, and bytes written to the disk per event with
//! everything moved into `log.db` at the end. Optional argument: the directory to write to. With
//! CREDIT_LEDGER_DATABASE_URL, a migrated PostgreSQL database without a ledger, its log instead; the
//! bytes are those that this process sent.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{env, error::Error, fs, path::PathBuf, time::Duration};

use credit_ledger::log::{Bodies, Log, postgres::PostgresLog, sqlite::SqliteLog};

/// The allocator of the service's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: usize = 1_000_000;
const COMMITS_MAX: usize = 6_000;
const PAGE: usize = 4_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn per_second(events: usize, time: Duration) -> u128 {
    events as u128 * 1_000_000_000 / time.as_nanos().max(1)
}

/// Bytes that this process has caused to be written to storage; 0 where Linux doesn't say.
fn bytes_written() -> usize {
    let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// Events of 640 to 760 bytes, as long as a deduction's.
fn bodies(count: usize) -> Bodies {
    (0..count).map(|index| vec![b'a' + (index % 26) as u8; 640 + index * 37 % 121]).collect()
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

async fn sqlite(directory: PathBuf, group: usize) -> Outcome {
    let log = SqliteLog::open(&directory).await?;
    let written_before = bytes_written();
    let events = measure(&log, group).await?;
    log.close().await;
    println!(" {:>9}", (bytes_written() - written_before) / events);
    Ok(())
}

/// Goes on where the log ends.
async fn postgres(url: String, group: usize) -> Outcome {
    let log = PostgresLog::connect(&url, None).await?;
    measure(&log, group).await?;
    log.close().await;
    println!();
    Ok(())
}

/// Appends, reads back, and prints all but the end of the line; how many events there were.
async fn measure(log: &dyn Log, group: usize) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let events = EVENTS.min(group * COMMITS_MAX) / group * group;
    let bodies = bodies(group);
    let first = log.head().await?;
    let mut head = first;
    let mut latencies = Vec::with_capacity(events / group);
    let start = now();
    while ((head.get() - first.get()) as usize) < events {
        let begun = now();
        head = log.append(head, &bodies).await?;
        latencies.push(now() - begun);
    }
    let appending = now() - start;

    let start = now();
    let mut next = first;
    while next < head {
        next = log.read(next, PAGE).await?.next();
    }
    let reading = now() - start;

    latencies.sort_unstable();
    let quantile = |permille: usize| latencies[(latencies.len() - 1) * permille / 1000].as_micros();
    print!(
        "{group:>5} {events:>9} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}",
        per_second(events, appending),
        per_second(events, reading),
        quantile(500),
        quantile(990),
        quantile(999),
        quantile(1000),
    );
    Ok(events)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let parent = env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let parent = parent.unwrap_or_else(env::temp_dir);
    println!("group    events   append/s     read/s   p50 us   p99 us p99.9 us   max us   B/event");
    for group in [1, 30, 256, 1000] {
        // On a worker thread of the runtime, where the engine lives, and not on the main thread.
        if let Ok(url) = env::var("CREDIT_LEDGER_DATABASE_URL") {
            tokio::spawn(postgres(url, group)).await??;
            continue;
        }
        let directory = tempfile::tempdir_in(&parent)?;
        tokio::spawn(sqlite(directory.path().join("data"), group)).await??;
    }
    Ok(())
}
