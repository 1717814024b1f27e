//! Many at once on a wallet that can't pay for all.

use std::process::Command;

use tokio::task::JoinSet;

use crate::support::{
    books::{Books, verify},
    home::Home,
    raw::{connect, deduction, send, status},
    server::Server,
    turn, wallet,
};

const DEDUCTIONS: usize = 1_000;
const FUNDS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn of_1000_concurrent_deductions_a_wallet_pays_the_600_it_can() {
    let _turn = turn::shared().await;
    allow_many_sockets();
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("crowd").await;
    let wallet = wallet(0);
    server.api(&app).purchase(&wallet, &FUNDS.to_string()).await;
    let mut streams = Vec::new();
    for _ in 0..DEDUCTIONS {
        streams.push(connect(&server.url).await);
    }
    // All are connected before the first one asks, and all have asked before any answer is read.
    for (number, stream) in streams.iter_mut().enumerate() {
        send(stream, &deduction(&app, &wallet, &format!("crowd-{number}"), "1")).await;
    }
    let mut answers = JoinSet::new();
    for mut stream in streams {
        answers.spawn(async move { status(&mut stream).await });
    }
    let statuses = answers.join_all().await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(402)), (FUNDS, DEDUCTIONS - FUNDS), "{statuses:?}");
    assert_eq!(server.api(&app).balance(&wallet).await, "0");
    assert_eq!(server.end().await.status.code(), Some(0));
    verify(&home).await;
    let books = Books::of(&home).await;
    assert_eq!(books.deductions().len(), FUNDS);
    assert_eq!(books.events_of("credits.command_refused.v1").count(), DEDUCTIONS - FUNDS);
    assert_eq!(books.balances()[&wallet], 0);
}

/// The usual limit of 1,024 open files is too low for this process and the server, which inherits it.
fn allow_many_sockets() {
    let pid = std::process::id().to_string();
    let status = Command::new("prlimit").args(["--pid", &pid, "--nofile=4096:"]).status();
    assert!(status.expect("prlimit runs").success(), "allow at least 4,096 open files: ulimit -Hn");
}
