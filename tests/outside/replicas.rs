//! Three servers on one database: the one that writes is killed and stopped, again and again.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::support::{
    books::Books,
    clock::eventually,
    cluster::{Cluster, Replica, writer},
    crowd::{self, Field, Manner, balances_must_be_those_of},
    postgres::Database,
    turn, wallet,
};

const CLIENTS: usize = 64;
const WALLETS: u64 = 50;
const FUNDS: &str = "1000000000";
/// How often the writer is lost; `CREDIT_LEDGER_LOSSES=15` takes about a minute.
const LOSSES: u32 = 3;
/// Writes must be back after each loss within this.
const BACK_WITHIN: Duration = Duration::from_secs(5);
const MANNER: Manner = Manner { keyless_every: 4, rest: Duration::from_millis(20), deductions: usize::MAX };

/// How a writer is lost.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// `kill -9`; another process starts in its place.
    Killed,
    /// It stands still until somebody else writes, and goes on as a zombie.
    Stopped,
    /// It stands still until just about when its lease runs out.
    Paused,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn nothing_is_lost_or_charged_twice_when_writers_are_lost() {
    let _turn = turn::alone().await;
    let losses = std::env::var("CREDIT_LEDGER_LOSSES").map_or(LOSSES, |text| text.parse().expect("a number"));
    let database = Database::migrated().await;
    let cluster = Cluster::on(&database.url());
    let mut replicas = cluster.replicas(3).await;
    let app = replicas[0].server.app("spender").await;
    let wallets: Vec<String> = (0..WALLETS).map(wallet).collect();
    let api = replicas[0].server.api(&app);
    for replica in &replicas {
        replica.knows(&app).await;
    }
    for wallet in &wallets {
        api.purchase(wallet, FUNDS).await;
    }
    let field = Field::new(replicas.iter().map(|replica| replica.server.url.clone()).collect());
    let clients = field.spend(&api, CLIENTS, &wallets, MANNER);
    let (mut random, mut told) = (StdRng::seed_from_u64(7), Vec::new());
    for number in 0..losses {
        tokio::time::sleep(Duration::from_millis(random.random_range(700..1_500))).await;
        let loss = [Loss::Killed, Loss::Stopped, Loss::Paused][number as usize % 3];
        let back = lose(loss, &cluster, &mut replicas, &field, &mut random).await;
        eprintln!("{loss:?}: writes are back after {back:?}");
        told.push((back, loss));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    field.stop();
    let spent = crowd::all(clients).await;
    let took = field.now();
    let last = &replicas[writer(&replicas).await];
    let books = Books::in_database(&database.url()).await;
    let deductions = spent.must_be_in(&books);
    balances_must_be_those_of(&books, &last.server.api(&app), &wallets).await;
    eprintln!(
        "{losses} losses in {took:?}: {deductions} deductions, {} with a key answered only when repeated, {} \
         without one of unknown outcome, {} problems seen; longest: {:?}",
        spent.paid.iter().filter(|paid| paid.replayed).count(),
        spent.unknown,
        field.problems(),
        told.iter().max_by_key(|(back, _)| *back),
    );
    for (back, loss) in told {
        assert!(back < BACK_WITHIN, "{loss:?}: {back:?}");
    }
    for replica in replicas {
        assert_eq!(replica.server.end().await.status.code(), Some(0));
    }
}

/// Loses the writer; tells how long it took until something that was asked for afterwards was done.
async fn lose(
    loss: Loss,
    cluster: &Cluster,
    replicas: &mut [Replica],
    field: &Field,
    random: &mut StdRng,
) -> Duration {
    let lost = writer(replicas).await;
    replicas[lost].server.signal(if matches!(loss, Loss::Killed) { "-KILL" } else { "-STOP" });
    let since = field.now();
    if matches!(loss, Loss::Paused) {
        tokio::time::sleep(Duration::from_millis(random.random_range(1_000..2_200))).await;
        replicas[lost].server.signal("-CONT");
    }
    let again = async || field.answered_since(since);
    let back = eventually("writes are back", Duration::from_secs(60), again).await - since;
    match loss {
        Loss::Killed => {
            replicas[lost] = cluster.replica().await;
            field.moved(lost, &replicas[lost].server.url);
        }
        Loss::Stopped => {
            tokio::time::sleep(Duration::from_millis(random.random_range(0..2_000))).await;
            replicas[lost].server.signal("-CONT");
        }
        Loss::Paused => {}
    }
    back
}
