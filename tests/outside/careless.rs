//! Settings as careless people make them: what is wrong is said clearly, at once, and nothing else
//! breaks. And a replica that is asked to end hands its work over.

use std::time::Duration;

use crate::support::{
    cli::{Ran, finish, run},
    clock::{Stopwatch, eventually},
    cluster::{Cluster, Replica, writer},
    crowd::{self, Field, Manner},
    home::Home,
    postgres::{APPLICATION, Database, MIGRATOR, SUPERUSER, Server, run as sql},
    rabbit, turn, wallet,
};

/// What must never be shown.
const CANARY: &str = "canary-5f1c9a77e2";
/// A start that can't succeed is over within this.
const REFUSED_WITHIN: Duration = Duration::from_secs(20);
/// A replica that is asked to end hands the lease over; writes go on within this.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(1);

/// Starts a server that can't start; gives what it said.
async fn refused(options: &[String]) -> String {
    let home = Home::new();
    let mut command = home.command();
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(options);
    let Ran { code, stdout, stderr } = finish(command, REFUSED_WITHIN).await;
    assert!(code > 0, "{code}: {stderr}");
    assert_eq!(stdout, "");
    let last = stderr.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("error: "), "{stderr}");
    assert!(!stderr.contains(CANARY), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    eprintln!("    {last}");
    last
}

async fn refused_at(url: &str) -> String {
    refused(&Cluster::on(url).options(&[])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_database_that_cannot_be_used_is_said_to_be_so_at_the_start() {
    let _turn = turn::shared().await;
    let database = Database::migrated().await;
    let (port, name) = (database.port, &database.name);
    let at =
        |user: &str, port: u16, name: &str| format!("postgres://{user}:{CANARY}@127.0.0.1:{port}/{name}");
    let nobody = refused_at(&at(APPLICATION, 1, name)).await;
    assert!(nobody.contains(&format!("postgres://{APPLICATION}@127.0.0.1:1/{name}")), "{nobody}");
    assert!(nobody.to_lowercase().contains("refused"), "{nobody}");
    for url in [
        format!("postgres//x:{CANARY}@h/d"),
        format!("mysql://x:{CANARY}@h/d"),
        format!("postgres://x:{CANARY}@h:port/d"),
    ] {
        let said = refused_at(&url).await;
        assert!(said.contains("database_url") || said.contains("database's URL"), "{said}");
    }
    let absent = refused_at(&at(APPLICATION, port, "absent")).await;
    assert!(absent.contains("absent") && absent.contains("create the database"), "{absent}");
    let stranger = refused_at(&at("stranger", port, name)).await;
    assert!(stranger.contains("check user and password"), "{stranger}");
    let unresolved = refused_at(&format!("postgres://x:{CANARY}@no-such-host.invalid/d")).await;
    assert!(unresolved.contains("no-such-host.invalid"), "{unresolved}");
    let empty = Database::empty().await;
    let missing = refused_at(&empty.url_as(MIGRATOR)).await;
    assert!(missing.contains("run `credit-ledger migrate"), "{missing}");
    let mut superuser = database.connect_as(SUPERUSER).await;
    sql(&mut superuser, "CREATE ROLE nobody_much LOGIN").await;
    let denied = refused_at(&at("nobody_much", port, name)).await;
    assert!(denied.contains("credit_ledger_app"), "{denied}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_database_server_that_would_lose_commits_is_refused() {
    let _turn = turn::shared().await;
    for setting in ["fsync=off", "full_page_writes=off", "synchronous_commit=off"] {
        let server = Server::start(&[setting]);
        let said = refused_at(&server.superuser_url()).await;
        assert!(said.contains(setting) && said.contains("set it to `on`"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_replica_with_another_pepper_does_not_start() {
    let _turn = turn::shared().await;
    let database = Database::migrated().await;
    let cluster = Cluster::on(&database.url());
    let first = cluster.replica().await;
    let app = first.server.app("spender").await;
    let other = cluster.secret("other-pepper", b'o');
    let said = refused(&cluster.options(&[("--pepper-file", other.to_str().expect("a path"))])).await;
    assert!(said.contains("all replicas need the same pepper_file"), "{said}");
    // Another cluster's settings altogether.
    let said = refused(
        &Cluster::on(&database.url())
            .options(&[("--pepper-file", cluster.secret("third-pepper", b't').to_str().expect("a path"))]),
    )
    .await;
    assert!(said.contains("all replicas need the same pepper_file"), "{said}");
    first.server.api(&app).purchase(&wallet(0), "1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_replica_with_another_cluster_secret_is_of_no_use_and_says_why() {
    let _turn = turn::shared().await;
    let database = Database::migrated().await;
    let cluster = Cluster::on(&database.url());
    let first = cluster.replica().await;
    let app = first.server.app("spender").await;
    first.server.api(&app).purchase(&wallet(0), "10").await;
    // It has nothing to write when it starts, for it reads that everything is there.
    first.server.api(&app).balance(&wallet(0)).await;
    let other = cluster.secret("other-secret", b'o');
    let stranger = cluster.replica_with(&[("--cluster-secret-file", other.to_str().expect("a path"))]).await;
    stranger.knows(&app).await;
    let asked = Stopwatch::start();
    let answer = stranger.server.api(&app).deduct(&wallet(0), "from-afar", "1").await.expect("an answer");
    let (status, took) = (answer.status, asked.elapsed());
    assert_eq!(status, 503, "{answer:#?}");
    assert!(answer.headers.contains_key("retry-after"), "{answer:#?}");
    let (here, there) = (first.server.log(), stranger.server.log());
    let lines = |log: &str| log.lines().filter(|line| line.contains("secret")).count();
    eprintln!(
        "after {took:?}: {}; {} lines at the writer, {} at the stranger",
        answer.text("/detail"),
        lines(&here),
        lines(&there)
    );
    assert!(here.contains("without the cluster's secret"), "{here}");
    assert!(there.contains("cluster_secret_file"), "{there}");
    assert!((1..20).contains(&lines(&here)), "not a line a try: {here}");
    assert!((1..20).contains(&lines(&there)), "not a line a try: {there}");
    let ready = stranger.state().await.expect("an answer");
    assert!(ready.to_string().contains("cluster_secret_file"), "{ready}");
    // The others are not disturbed, and the key was charged by nobody.
    let done = first.server.api(&app).deduct(&wallet(0), "from-afar", "1").await.expect("an answer");
    assert!(!done.expect(201).is_replayed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_replica_that_is_asked_to_end_hands_over_at_once() {
    let _turn = turn::alone().await;
    let database = Database::migrated().await;
    let cluster = Cluster::on(&database.url());
    let mut replicas = cluster.replicas(3).await;
    let app = replicas[0].server.app("spender").await;
    let wallets: Vec<String> = (0..8).map(wallet).collect();
    for replica in &replicas {
        replica.knows(&app).await;
    }
    let api = replicas[0].server.api(&app);
    for wallet in &wallets {
        api.purchase(wallet, "1000000").await;
    }
    let field = Field::new(replicas.iter().map(|replica| replica.server.url.clone()).collect());
    let manner = Manner { keyless_every: 4, rest: Duration::from_millis(10), deductions: usize::MAX };
    let clients = field.spend(&api, 16, &wallets, manner);
    let mut longest = Duration::ZERO;
    for _ in 0..2 {
        let before = field.answered();
        let busy = async || (field.answered() > before + 300).then_some(());
        eventually("the load is on", Duration::from_secs(20), busy).await;
        let since = field.now();
        let ended = replicas.remove(writer(&replicas).await).server.end().await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
        let after = field.now();
        let again = async || field.answered_since(after);
        eventually("writes go on", Duration::from_secs(20), again).await;
        let (pause, _) = field.longest_since(since);
        eprintln!("ended after {:?}; longest pause of all clients: {pause:?}", ended.took);
        longest = longest.max(pause);
    }
    field.stop();
    let spent = crowd::all(clients).await;
    let books = crate::support::books::Books::in_database(&database.url()).await;
    spent.must_be_in(&books);
    assert_eq!(spent.unknown, 0, "whoever was heard was answered");
    assert!(longest < HANDED_OVER_WITHIN, "{longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn passwords_in_addresses_are_never_shown() {
    let _turn = turn::shared().await;
    let database = Database::migrated().await;
    let url = |port: u16| format!("postgres://{APPLICATION}:{CANARY}@127.0.0.1:{port}/{}", database.name);
    let rabbit = rabbit::shared().await;
    let vhost = rabbit.vhost(&[]).await;
    let broken = vhost.relay_url().replace(":secret@", &format!(":{CANARY}@"));
    let mut seen = String::new();
    for broker in [
        broken.clone(),
        broken.replace("127.0.0.1", "no-such-host.invalid"),
        format!("amqp://x:{CANARY}@127.0.0.1:1/v"),
    ] {
        let options = ["--broker-url", broker.as_str(), "--log-filter", "trace"];
        let cluster = Cluster::on(&url(database.port)).with(&options);
        let replica: Replica = cluster.replica().await;
        let app = replica.server.app(&format!("spender of {}", seen.len())).await;
        replica.server.api(&app).purchase(&wallet(0), "5").await;
        let trouble = async || {
            let state = replica.state().await?.to_string();
            (!state.contains("\"connecting\"")).then_some(state)
        };
        seen += &eventually("the relay has tried", Duration::from_secs(20), trouble).await;
        seen += &replica.server.operator().get("/metrics").await.body;
        let mut config = replica.home.command();
        config.args(["config", "show", "--sources"]);
        config.env("CREDIT_LEDGER_DATABASE_URL", url(1)).env("CREDIT_LEDGER_BROKER_URL", &broker);
        let shown = finish(config, REFUSED_WITHIN).await.ended(0);
        seen += &format!("{}{}", shown.stdout, shown.stderr);
        for words in [&["migrate", "--database-url"][..], &["tail", "--amqp"]] {
            let ran = run(&replica.home, &[words, &[&broker]].concat()).await;
            seen += &format!("{}{}", ran.stdout, ran.stderr);
        }
        let ended = replica.server.end().await;
        assert_eq!(ended.status.code(), Some(0));
        seen += &ended.log;
    }
    assert!(seen.contains("127.0.0.1"), "{seen}");
    let shown: Vec<_> = seen.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(shown.is_empty(), "{shown:#?}");
}
