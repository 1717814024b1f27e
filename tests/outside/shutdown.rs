//! SIGTERM: whoever was heard is answered, then the process ends in good order, soon.

use std::{collections::HashSet, time::Duration};

use reqwest::{Method, header};
use tokio::task::JoinHandle;

use crate::support::{
    api::{Answer, Api},
    books::{Books, verify},
    clock::{Stopwatch, eventually},
    home::Home,
    raw::{connect, deduction, send},
    server::Server,
    spender::{Spender, Stop, spend_at_once},
    turn, wallet,
};

const CLIENTS: u64 = 32;
const FUNDS: &str = "1000000000";
const END_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn every_accepted_command_is_answered_before_the_server_ends() {
    let _turn = turn::alone().await;
    let home = Home::new();
    let mut server = Server::start(&home).await;
    let app = server.app("spender").await;
    let (api, wallet) = (server.api(&app), wallet(0));
    api.purchase(&wallet, FUNDS).await;
    let stream = stream(&api);
    let poll = long_poll(&api, api.head().await);
    let clients = (0..CLIENTS).map(|number| Spender::new(format!("client-{number}"), &wallet, "1"));
    let spending = spend_at_once(clients.collect(), || server.api(&app)).await;
    let head = api.head().await;
    let busy = async || (api.head().await > head + 2_000).then_some(());
    eventually("the load is on", Duration::from_secs(20), busy).await;
    let asked = Stopwatch::start();
    server.ask_to_end();
    let ended = server.ended_since(&asked).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.took < END_WITHIN, "{:?}", ended.took);
    let mut spenders = Vec::new();
    for task in spending {
        let (spender, stop) = task.await.expect("a client");
        // The last that a client sees is its answer, and then nobody listens.
        assert!(matches!(&stop, Stop::Silence(error) if !error.is_body()), "{stop:?}");
        spenders.push(spender);
    }
    let streamed = stream.await.expect("the stream's reader").expect("a stream that ends in good order");
    assert!(streamed.contains("event: credits.deducted.v1"), "{streamed}");
    assert_eq!(poll.await.expect("the poll").expect("an answer").status, 200);
    must_have_answered(&home, &app, spenders, ended.took).await;
}

/// What is in the log was acknowledged, and what was not acknowledged is not in the log.
async fn must_have_answered(home: &Home, app: &str, mut spenders: Vec<Spender>, took: Duration) {
    verify(home).await;
    let books = Books::of(home).await;
    let acknowledged = books.must_have(spenders.iter().flat_map(|spender| &spender.paid));
    let recorded: HashSet<_> = books.deductions().into_keys().collect();
    for key in spenders.iter().filter_map(|spender| spender.unanswered.as_deref()) {
        assert!(!recorded.contains(key), "{key} was carried out and not answered");
    }
    assert_eq!(recorded.len(), acknowledged);
    eprintln!("ended {took:?} after SIGTERM, with {acknowledged} deductions answered");
    let server = Server::start(home).await;
    for spender in spenders.iter_mut().filter(|spender| spender.unanswered.is_some()) {
        spender.step(&server.api(app)).await.expect("a deduction as if it were the first");
        assert!(!spender.paid.last().expect("just paid").replayed);
    }
}

/// Reads events as they come, until the server ends the stream.
fn stream(api: &Api) -> JoinHandle<reqwest::Result<String>> {
    let request = api.request(Method::GET, "/v1/events").header(header::ACCEPT, "text/event-stream");
    tokio::spawn(async move {
        let mut response = request.send().await?.error_for_status()?;
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            text.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    })
}

/// Waits for an event of a kind that never comes.
fn long_poll(api: &Api, head: u64) -> JoinHandle<reqwest::Result<Answer>> {
    let api = api.clone();
    let path = format!("/v1/events?after={head}&types=credits.expired.v1&wait=30");
    tokio::spawn(async move { api.try_get(&path).await })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn clients_that_never_finish_do_not_hold_up_the_end() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("stuck").await;
    let wallet = wallet(0);
    server.api(&app).purchase(&wallet, "10").await;
    let request = deduction(&app, &wallet, "stuck", "1");
    let (mut silent, mut in_head, mut in_body) =
        (connect(&server.url).await, connect(&server.url).await, connect(&server.url).await);
    send(&mut in_head, &request[..40]).await;
    send(&mut in_body, &request[..request.len() - 5]).await;
    send(&mut silent, b"").await;
    // An answer to a later connection shows that the earlier ones were accepted.
    server.api(&app).balance(&wallet).await;
    let ended = server.end().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.took < END_WITHIN, "{:?}", ended.took);
    assert!(Books::of(&home).await.deductions().is_empty());
    verify(&home).await;
}
