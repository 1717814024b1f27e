//! `kill -9` at random moments under load: what was acknowledged stays, once.

use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use crate::support::{
    books::{Books, micros, verify},
    clock::Stopwatch,
    home::Home,
    server::Server,
    spender::{Spender, Stop, spend_at_once},
    turn, wallet,
};

const KILLS: u32 = 100;
const CLIENTS: u64 = 16;
const WALLETS: u64 = 4;
const FUNDS: &str = "1000000000";
/// The longest that a start may take, after any kill.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// The longest that all of it may take.
const ALL_WITHIN: Duration = Duration::from_secs(150);
/// Deductions read back one by one after each kill.
const SAMPLE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn what_was_acknowledged_survives_every_kill_exactly_once() {
    let _turn = turn::alone().await;
    let kills =
        std::env::var("CREDIT_LEDGER_KILLS").map_or(KILLS, |text| text.parse().expect("a number of kills"));
    let (home, watch, mut random) = (Home::new(), Stopwatch::start(), StdRng::seed_from_u64(7));
    let mut server = Server::start(&home).await;
    let app = server.app("spender").await;
    for number in 0..WALLETS {
        server.api(&app).purchase(&wallet(number), FUNDS).await;
    }
    let mut spenders: Vec<_> = (0..CLIENTS).map(spender).collect();
    let mut slowest = Duration::ZERO;
    for kill in 1..=kills {
        let spending = spend_at_once(spenders, || server.api(&app)).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(5..400))).await;
        server.kill_9();
        spenders = Vec::new();
        for task in spending {
            let (spender, stop) = task.await.expect("a client");
            assert!(matches!(stop, Stop::Silence(_)), "{stop:?}");
            spenders.push(spender);
        }
        if kill % 10 == 0 {
            verify(&home).await;
        }
        if kill % 5 == 0 {
            Server::kill_9_while_starting(&home, Duration::from_millis(random.random_range(1..80))).await;
        }
        server = Server::start(&home).await;
        slowest = slowest.max(server.ready_after);
        assert!(server.ready_after < READY_WITHIN, "kill {kill}: ready after {:?}", server.ready_after);
        for spender in spenders.iter_mut().filter(|spender| spender.unanswered.is_some()) {
            spender.step(&server.api(&app)).await.expect("the key that was unanswered has its answer now");
        }
        read_back(&server, &app, &spenders, &mut random).await;
    }
    let balances = balances(&server, &app).await;
    assert_eq!(server.end().await.status.code(), Some(0));
    must_balance(&home, &spenders, &balances).await;
    let paid: Vec<_> = spenders.iter().flat_map(|spender| &spender.paid).collect();
    let lost_answers = paid.iter().filter(|paid| paid.replayed).count();
    let took = watch.elapsed();
    eprintln!(
        "{kills} kills, {} deductions, {lost_answers} of them answered only when repeated; slowest start \
         {slowest:?}; {took:?} in all",
        paid.len()
    );
    assert!(took < ALL_WITHIN, "{took:?}");
}

/// Each client has a cost of its own; four share a wallet.
fn spender(number: u64) -> Spender {
    Spender::new(format!("client-{number}"), wallet(number % WALLETS), format!("1.00000{}", number % 9 + 1))
}

/// Reads some acknowledged deductions, of all times.
async fn read_back(server: &Server, app: &str, spenders: &[Spender], random: &mut impl Rng) {
    let api = server.api(app);
    for _ in 0..SAMPLE {
        let paid = &spenders[random.random_range(0..spenders.len())].paid;
        if paid.is_empty() {
            continue;
        }
        let paid = &paid[random.random_range(0..paid.len())];
        let answer =
            api.get(&format!("/v1/deductions/{}?min_position={}", paid.id, paid.position)).await.expect(200);
        assert_eq!((answer.text("/wallet"), answer.text("/cost")), (paid.wallet.clone(), paid.cost.clone()));
    }
}

async fn balances(server: &Server, app: &str) -> Vec<(String, i128)> {
    let mut balances = Vec::new();
    for number in 0..WALLETS {
        let wallet = wallet(number);
        let balance = micros(&server.api(app).balance(&wallet).await);
        balances.push((wallet, balance));
    }
    balances
}

/// Holds what the clients know against the export, and that against what the API says.
async fn must_balance(home: &Home, spenders: &[Spender], balances: &[(String, i128)]) {
    verify(home).await;
    let books = Books::of(home).await;
    let acknowledged = books.must_have(spenders.iter().flat_map(|spender| &spender.paid));
    // Every key has its answer by now, so nothing else was charged.
    assert_eq!(books.deductions().len(), acknowledged);
    let computed = books.balances();
    for (wallet, balance) in balances {
        assert_eq!(computed.get(wallet), Some(balance), "{wallet}");
    }
}
