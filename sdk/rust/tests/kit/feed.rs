use credit_ledger_client::{Feed, FeedError, HttpFeed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// Answers one request with this, and gives the request's head.
async fn serve(listener: TcpListener, answer: String) -> String {
    let (mut socket, _) = listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a request"));
    }
    socket.write_all(answer.as_bytes()).await.expect("written");
    String::from_utf8(head).expect("UTF-8")
}

async fn ask(
    after: Option<Position>,
    answer: String,
) -> (String, Result<credit_ledger_client::FeedPage, FeedError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let feed = HttpFeed::new(client, &url, "key-7");
    tokio::join!(serve(listener, answer), feed.after(after))
}

#[tokio::test]
async fn the_feed_is_asked_with_the_app_s_key_and_gives_the_stored_bytes() {
    let body = r#"[{"a": 1},{"b":"2"}]"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nx-ledger-next: 41\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (head, page) = ask(Some(Position(7)), answer).await;
    assert!(head.starts_with("GET /v1/events?audience=app&limit=1000&after=7 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("x-api-key: key-7\r\n"), "{head}");
    let page = page.expect("a page");
    assert_eq!(
        (page.events, page.next),
        (vec![r#"{"a": 1}"#.into(), r#"{"b":"2"}"#.into()], Some(Position(41)))
    );
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status() {
    let answer = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno".to_owned();
    let (head, page) = ask(None, answer).await;
    assert!(head.starts_with("GET /v1/events?audience=app&limit=1000 HTTP/1.1\r\n"), "{head}");
    assert!(matches!(page, Err(FeedError::Refused { status: 403, body }) if body == "no"));
}
