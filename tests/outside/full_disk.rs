//! A disk that is full: a clear answer, nothing lost, and on with it when there is room again.

use std::time::Duration;

use crate::support::{
    api::Answer,
    books::{Books, verify},
    clock::eventually,
    disk::{SmallDisk, ran_elsewhere},
    home::Home,
    server::Server,
    spender::{Spender, Stop, spend_at_once},
    turn, wallet,
};

const CLIENTS: u64 = 8;
const DISK_MIB: u32 = 24;
const BALLAST_MIB: usize = 8;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_full_disk_loses_nothing_and_writing_resumes_when_there_is_room() {
    if ran_elsewhere("full_disk::a_full_disk_loses_nothing_and_writing_resumes_when_there_is_room") {
        return;
    }
    let _turn = turn::shared().await;
    let disk = SmallDisk::new(DISK_MIB);
    let home = Home::on(disk.path());
    let ballast = disk.ballast(BALLAST_MIB);
    let server = Server::start(&home).await;
    let app = server.app("spender").await;
    server.api(&app).purchase(&wallet(0), "1000000000").await;
    let clients = (0..CLIENTS).map(|number| Spender::new(format!("client-{number}"), wallet(0), "1"));
    let spending = spend_at_once(clients.collect(), || server.api(&app)).await;
    let mut spenders = Vec::new();
    for task in spending {
        let (spender, stop) = task.await.expect("a client");
        must_name_the_disk(stop, &server);
        spenders.push(spender);
    }
    std::fs::remove_file(ballast).expect("the ballast is gone");
    for spender in &mut spenders {
        // Without a new start: the same process goes on by itself.
        let api = server.api(&app);
        let step = async || spender.step(&api).await.ok();
        eventually("the unanswered key has its answer", Duration::from_secs(10), step).await;
    }
    let ended = server.end().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    verify(&home).await;
    let books = Books::of(&home).await;
    let acknowledged = books.must_have(spenders.iter().flat_map(|spender| &spender.paid));
    assert_eq!(books.deductions().len(), acknowledged, "charged without an answer");
    books.balances();
    eprintln!("{acknowledged} deductions on a disk of {DISK_MIB} MiB");
}

/// The answer says what is wrong, and when to come back.
fn must_name_the_disk(stop: Stop, server: &Server) {
    let Stop::No(answer) = stop else { panic!("{stop:?}\n{}", server.log()) };
    let answer: Answer = answer.expect(503);
    assert_eq!(answer.text("/code"), "unavailable");
    assert!(answer.text("/detail").contains("disk"), "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"), "{:?}", answer.headers);
}
