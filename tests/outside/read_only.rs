//! A data directory that can't be written: said at the start, before anybody relies on it.

use std::time::Duration;

use crate::support::{
    books::verify,
    cli::{Ran, finish},
    disk::{SmallDisk, ran_elsewhere},
    home::Home,
    server::Server,
    turn, wallet,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_read_only_data_directory_ends_the_start_with_a_clear_error() {
    if ran_elsewhere("read_only::a_read_only_data_directory_ends_the_start_with_a_clear_error") {
        return;
    }
    let _turn = turn::shared().await;
    let disk = SmallDisk::new(24);
    let home = Home::on(disk.path());
    disk.make_read_only();
    must_refuse(&home, serve(&home).await);
    disk.make_writable();
    let server = Server::start(&home).await;
    let app = server.app("reader").await;
    server.api(&app).purchase(&wallet(0), "5").await;
    assert_eq!(server.end().await.status.code(), Some(0));
    disk.make_read_only();
    must_refuse(&home, serve(&home).await);
    disk.make_writable();
    let server = Server::start(&home).await;
    assert_eq!(server.api(&app).balance(&wallet(0)).await, "5");
    assert_eq!(server.end().await.status.code(), Some(0));
    verify(&home).await;
}

async fn serve(home: &Home) -> Ran {
    let mut command = home.command();
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    finish(command, Duration::from_secs(10)).await
}

/// It names the directory and the reason, in words rather than in a stack of them.
fn must_refuse(home: &Home, ran: Ran) {
    assert_eq!(ran.code, 1, "{ran:#?}");
    let error = ran.stderr.lines().find(|line| line.starts_with("error: "));
    let error = error.unwrap_or_else(|| panic!("no error: {ran:#?}")).to_lowercase();
    let directory = home.data().display().to_string().to_lowercase();
    assert!(error.contains(&directory) || error.contains("data directory"), "{error}");
    assert!(["read-only", "readonly", "writable"].iter().any(|word| error.contains(word)), "{error}");
}
