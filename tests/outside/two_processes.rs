//! Two processes on one data directory: one writes, the other asks it over HTTP or stays away.

use std::time::Duration;

use crate::support::{
    books::verify,
    cli::{Ran, finish, run},
    home::Home,
    server::Server,
    turn, wallet,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_second_server_on_the_same_data_directory_is_refused() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("first").await;
    server.api(&app).purchase(&wallet(0), "3").await;
    let mut second = home.command();
    second.args(["serve", "--listen", "127.0.0.1:0"]);
    let ran = finish(second, Duration::from_secs(20)).await.ended(1);
    assert!(ran.stderr.contains("in use by another credit-ledger process"), "{ran:#?}");
    assert!(ran.stderr.contains(&home.data().display().to_string()), "{ran:#?}");
    // The first one has noticed nothing, and commands still find it.
    let file = std::fs::read_to_string(home.data().join("server.json")).expect("the first server's file");
    assert!(file.contains(&server.url) && file.contains(&server.pid().to_string()));
    assert_eq!(
        run(&home, &["wallet", "show", &wallet(0), "-o", "json"]).await.ended(0).json()["balance"],
        "3"
    );
    assert_eq!(server.api(&app).balance(&wallet(0)).await, "3");
    assert_eq!(server.end().await.status.code(), Some(0));
    assert!(!home.data().join("server.json").exists(), "a server that ended takes its file away");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn commands_give_the_same_beside_a_server_without_one_and_after_a_killed_one() {
    let _turn = turn::shared().await;
    let home = Home::new();
    run(&home, &["purchase", &wallet(0), "10", "--key", "p-1"]).await.ended(0);
    let alone = ask(&home).await;
    let server = Server::start(&home).await;
    let before = requests(&server).await;
    let beside = ask(&home).await;
    let asked = requests(&server).await - before;
    assert!(asked >= beside.len(), "only {asked} requests reached the server");
    server.kill_9();
    let ran = run(&home, &["wallet", "show", &wallet(0)]).await.ended(0);
    assert!(ran.stderr.contains("is gone"), "{ran:#?}");
    let after = ask(&home).await;
    assert_eq!(told(&alone), told(&beside));
    assert_eq!(told(&alone), told(&after));
    verify(&home).await;
}

/// Commands that read, and one that would change something were its key not known.
async fn ask(home: &Home) -> Vec<Ran> {
    let wallet = wallet(0);
    let commands: [&[&str]; 6] = [
        &["wallet", "show", &wallet],
        &["app", "list"],
        &["key", "list"],
        &["entries", &wallet, "--kind", "purchase"],
        &["tail", "--wallet", &wallet],
        &["deduct", &wallet, "1", "--service", "chat", "--key", "d-1"],
    ];
    let mut all = Vec::new();
    // The deduction first, so that all see it.
    for command in commands.iter().rev() {
        all.push(run(home, &[command, &["-o", "json"][..]].concat()).await.ended(0));
    }
    all
}

/// What was told, apart from whether it was told before and as of which position.
fn told(all: &[Ran]) -> Vec<String> {
    let passing = |line: &&str| !line.contains("\"replayed\"") && !line.contains("\"as_of_position\"");
    all.iter().map(|ran| ran.stdout.lines().filter(passing).collect::<Vec<_>>().join("\n")).collect()
}

/// Requests below `/v1` that the server has answered, as it counts them.
async fn requests(server: &Server) -> usize {
    let metrics = server.operator().get("/metrics").await.expect(200).body;
    let counted =
        |line: &&str| line.starts_with("credit_ledger_http_requests_total{") && line.contains("/v1/");
    let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<usize>().ok());
    metrics.lines().filter(counted).map(|line| count(line).expect("a count")).sum()
}
