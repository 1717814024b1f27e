//! PostgreSQL goes away and comes back, is full, or takes its permission back: callers are told to
//! come again, and nothing is lost or charged twice.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::support::{
    api::Answer,
    books::Books,
    clock::{Stopwatch, eventually},
    cluster::{Cluster, Replica, writer},
    crowd::{self, Field, Manner, balances_must_be_those_of},
    disk::{SmallDisk, ran_elsewhere},
    postgres::{APPLICATION, Cut, Database, Proxy, SUPERUSER, Server, run},
    spender::Paid,
    turn, wallet,
};

const CLIENTS: usize = 16;
const FUNDS: &str = "1000000000";
/// Writes must be back within this of the database's being back.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// A caller is told within this that nothing can be written.
const TOLD_WITHIN: Duration = Duration::from_secs(12);
/// Half of them before the commit, half after it.
const CUTS: u32 = 20;
const MANNER: Manner = Manner { keyless_every: 4, rest: Duration::from_millis(10), deductions: usize::MAX };

/// How a server ends.
type End = fn(&mut Server);

/// A cluster at work, with funded wallets.
struct Scene {
    replicas: Vec<Replica>,
    app: String,
    wallets: Vec<String>,
    database: String,
}

impl Scene {
    async fn begin(cluster: &Cluster, replicas: usize) -> Self {
        let replicas = cluster.replicas(replicas).await;
        let app = replicas[0].server.app("spender").await;
        for replica in &replicas {
            replica.knows(&app).await;
        }
        let wallets: Vec<String> = (0..4).map(wallet).collect();
        for wallet in &wallets {
            replicas[0].server.api(&app).purchase(wallet, FUNDS).await;
        }
        Self { replicas, app, wallets, database: cluster.url.clone() }
    }

    fn field(&self) -> std::sync::Arc<Field> {
        Field::new(self.replicas.iter().map(|replica| replica.server.url.clone()).collect())
    }

    /// A deduction under this key at the first replica, and how long its answer took.
    async fn deduct(&self, key: &str) -> (Answer, Duration) {
        let asked = Stopwatch::start();
        let answer = self.replicas[0].server.api(&self.app).deduct(&self.wallets[0], key, "1").await;
        (answer.expect("an answer"), asked.elapsed())
    }

    /// Waits until a deduction under this key is done; fails when that takes too long.
    async fn done_again(&self, key: &str) -> Duration {
        let since = Stopwatch::start();
        let done = async || (self.deduct(key).await.0.status == 201).then_some(());
        eventually("writes are back", Duration::from_secs(60), done).await;
        since.elapsed()
    }

    /// What the clients know is what the books say, and each of these keys was charged once.
    async fn end(self, field: &Field, clients: Vec<tokio::task::JoinHandle<crowd::Spent>>, keys: &[&str]) {
        field.stop();
        let mut spent = crowd::all(clients).await;
        for key in keys {
            let answer = self.deduct(key).await.0.expect(201);
            let (id, position, replayed) =
                (answer.text("/id"), answer.text("/position"), answer.is_replayed());
            let (key, wallet, cost) = ((*key).to_owned(), self.wallets[0].clone(), "1".to_owned());
            spent.paid.push(Paid { key, id, position, wallet, cost, replayed });
        }
        let last = &self.replicas[writer(&self.replicas).await];
        let books = Books::in_database(&self.database).await;
        let deductions = spent.must_be_in(&books);
        balances_must_be_those_of(&books, &last.server.api(&self.app), &self.wallets).await;
        let replayed = spent.paid.iter().filter(|paid| paid.replayed).count();
        let (unknown, problems) = (spent.unknown, field.problems());
        eprintln!(
            "{deductions} deductions, {replayed} answered only when repeated, {unknown} of unknown outcome, \
             {problems} problems seen"
        );
        for replica in self.replicas {
            assert_eq!(replica.server.end().await.status.code(), Some(0));
        }
    }
}

/// A problem that says clearly when to come back.
#[track_caller]
fn must_say_when_to_come_back(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:#?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{answer:#?}");
    assert!(answer.headers["retry-after"].to_str().is_ok_and(|text| text.parse::<u32>().is_ok()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_database_that_stops_crashes_or_is_killed_comes_back() {
    let _turn = turn::alone().await;
    let mut server = Server::start(&[]);
    let database = Database::on(&server).await;
    let scene = Scene::begin(&Cluster::on(&database.url()), 2).await;
    let field = scene.field();
    let api = scene.replicas[0].server.api(&scene.app);
    let clients = field.spend(&api, CLIENTS, &scene.wallets, MANNER);
    let ends: [(&str, End); 3] =
        [("stopped", Server::stop), ("crashed", Server::crash), ("killed", Server::kill)];
    for (what, end) in ends {
        let before = field.answered();
        let busy = async || (field.answered() > before + 200).then_some(());
        eventually("the load is on", Duration::from_secs(20), busy).await;
        end(&mut server);
        let (refused, told_after) = scene.deduct(&format!("while-{what}")).await;
        must_say_when_to_come_back(&refused);
        assert!(told_after < TOLD_WITHIN, "{what}: told after {told_after:?}");
        server.start_again();
        let since = field.now();
        let again = async || field.answered_since(since);
        let back = eventually("writes are back", Duration::from_secs(60), again).await - since;
        eprintln!("{what}: told after {told_after:?}: {}; back after {back:?}", refused.text("/detail"));
        assert!(back < BACK_WITHIN, "{what}: back after {back:?}");
        // The key of the refused request is as good as new.
        let done = scene.deduct(&format!("while-{what}")).await.0.expect(201);
        assert!(!done.is_replayed());
    }
    scene.end(&field, clients, &["while-stopped", "while-crashed", "while-killed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn connections_that_are_cut_before_and_after_the_commit_lose_and_double_nothing() {
    let _turn = turn::alone().await;
    let database = Database::migrated().await;
    let proxy = Proxy::to(database.port).await;
    let scene = Scene::begin(&Cluster::on(&database.url_at(APPLICATION, proxy.port)), 1).await;
    let field = scene.field();
    let api = scene.replicas[0].server.api(&scene.app);
    let clients = field.spend(&api, CLIENTS, &scene.wallets, MANNER);
    let mut longest = Duration::ZERO;
    for number in 0..CUTS {
        let before = field.answered();
        let busy = async || (field.answered() > before + 50).then_some(());
        eventually("the load is on", Duration::from_secs(20), busy).await;
        proxy.cut(if number % 2 == 0 { Cut::Request } else { Cut::Answer });
        eventually("the cut is made", Duration::from_secs(20), async || proxy.has_cut().then_some(())).await;
        let since = field.now();
        let again = async || field.answered_since(since);
        let back = eventually("writes are back", Duration::from_secs(60), again).await - since;
        longest = longest.max(back);
    }
    eprintln!("{CUTS} cuts; back after at most {longest:?}");
    scene.end(&field, clients, &[]).await;
    assert!(longest < BACK_WITHIN, "{longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_database_without_room_is_said_to_be_full() {
    if ran_elsewhere("outages::a_database_without_room_is_said_to_be_full") {
        return;
    }
    let _turn = turn::alone().await;
    let server = Server::start(&[]);
    let disk = SmallDisk::new(64);
    let database = Database::on_disk(&server, disk.path()).await;
    let scene = Scene::begin(&Cluster::on(&database.url()), 1).await;
    let field = scene.field();
    let api = scene.replicas[0].server.api(&scene.app);
    let ballast = fill(disk.path());
    let clients = field.spend(&api, CLIENTS, &scene.wallets, MANNER);
    let full = async || {
        let (answer, _) = scene.deduct("while-full").await;
        (answer.status != 201).then_some(answer)
    };
    let refused = eventually("the disk is full", Duration::from_secs(60), full).await;
    must_say_when_to_come_back(&refused);
    assert!(refused.text("/detail").contains("make room on the disk"), "{refused:#?}");
    std::fs::remove_file(ballast).expect("room again");
    let back = scene.done_again("while-full").await;
    eprintln!("full: {}; back after {back:?}", refused.text("/detail"));
    assert!(back < BACK_WITHIN, "{back:?}");
    scene.end(&field, clients, &["while-full"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn a_permission_that_is_taken_back_is_named() {
    let _turn = turn::alone().await;
    let server = Server::start(&[]);
    let database = Database::on(&server).await;
    let scene = Scene::begin(&Cluster::on(&database.url()), 2).await;
    let field = scene.field();
    let api = scene.replicas[0].server.api(&scene.app);
    let clients = field.spend(&api, CLIENTS, &scene.wallets, MANNER);
    let mut owner = database.connect_as(SUPERUSER).await;
    run(&mut owner, &format!("REVOKE credit_ledger_app FROM {APPLICATION}")).await;
    let (refused, told_after) = scene.deduct("while-revoked").await;
    must_say_when_to_come_back(&refused);
    assert!(told_after < TOLD_WITHIN, "{told_after:?}");
    run(&mut owner, &format!("GRANT credit_ledger_app TO {APPLICATION}")).await;
    let back = scene.done_again("while-revoked").await;
    eprintln!("revoked: told after {told_after:?}: {}; back after {back:?}", refused.text("/detail"));
    let logged = scene.replicas.iter().map(|replica| replica.server.log()).collect::<String>();
    assert!(logged.contains("permission denied"), "{logged}");
    assert!(back < BACK_WITHIN, "{back:?}");
    scene.end(&field, clients, &["while-revoked"]).await;
}

/// Fills the disk up.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file = std::fs::File::create(&path).expect("a file");
    while file.write_all(&[1; 1 << 16]).is_ok() {}
    path
}
