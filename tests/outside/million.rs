//! A start after a kill, on a ledger with a million events.

use std::time::Duration;

use crate::support::{
    books::verify,
    cli::finish,
    clock::eventually,
    home::Home,
    server::Server,
    spender::{Spender, spend_at_once},
    turn, wallet,
};

const EVENTS: u64 = 1_000_000;
const CLIENTS: u64 = 16;
const FILL_WITHIN: Duration = Duration::from_secs(120);
const READY_WITHIN: Duration = Duration::from_secs(2);
/// Kills, each a little later into the load than the one before.
const KILLS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_million_events_delay_no_start_after_a_kill() {
    let _turn = turn::alone().await;
    let home = Home::new();
    let mut fill = home.command();
    fill.args(["bench", "fill", "--events", &EVENTS.to_string()]);
    finish(fill, FILL_WITHIN).await.ended(0);
    let mut server = Server::start(&home).await;
    let app = server.app("spender").await;
    let wallet = wallet(0);
    server.api(&app).purchase(&wallet, "1000000000").await;
    for kill in 1..=KILLS {
        let before = server.operator().head().await;
        assert!(before >= EVENTS, "only {before} events");
        let clients = (0..CLIENTS).map(|number| Spender::new(format!("kill-{kill}-{number}"), &wallet, "1"));
        let spending = spend_at_once(clients.collect(), || server.api(&app)).await;
        let busy = before + kill * 2_000;
        let operator = server.operator();
        let reached = async || (operator.head().await > busy).then_some(());
        eventually("the load is on", Duration::from_secs(30), reached).await;
        server.kill_9();
        for task in spending {
            task.await.expect("a client");
        }
        server = Server::start(&home).await;
        let first = server.api(&app).deduct(&wallet, &format!("first-{kill}"), "1").await.expect("an answer");
        let took = server.age();
        first.expect(201);
        eprintln!(
            "{before} events: ready after {:?}, the first deduction after {took:?}",
            server.ready_after
        );
        assert!(took < READY_WITHIN, "the first deduction was answered {took:?} after the start");
    }
    assert_eq!(server.end().await.status.code(), Some(0));
    verify(&home).await;
}
