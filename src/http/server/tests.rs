use std::{sync::Arc, time::Duration};

use axum::http::HeaderValue;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};

use super::*;
use crate::http::front::REQUEST_ID;

/// Answers `GET /slow` when told to, and everything else at once.
#[derive(Clone, Default)]
struct Greeter {
    entered: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Answers for Greeter {
    async fn respond(&self, request: Request<Body>) -> Response<Body> {
        if request.uri().path() == "/slow" {
            self.entered.notify_one();
            self.go_on.notified().await;
        }
        let mut response = Response::new(Body::from("hello"));
        response.headers_mut().insert(REQUEST_ID, HeaderValue::from_static("r-1"));
        response
    }
}

struct Server {
    greeter: Greeter,
    address: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(options: HttpOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (greeter, stop) = (Greeter::default(), CancellationToken::new());
        let (api, stopping) = (greeter.clone(), stop.clone());
        let serving = tokio::spawn(async move { accept(listener, api, &options, &stopping).await });
        Self { greeter, address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends the bytes and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("sent");
        everything(stream).await
    }
}

async fn everything(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer and the end");
    String::from_utf8(answer).expect("text")
}

const LAST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn requests_are_answered_in_turn_on_one_connection() {
    let server = Server::start(HttpOptions::default()).await;
    let two = [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", LAST].concat();
    let answer = server.exchange(&two).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
}

#[tokio::test]
async fn what_is_no_request_gets_a_problem() {
    let server = Server::start(HttpOptions::default()).await;
    let answer = server.exchange(b"this is no HTTP\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"code\":\"bad-request\""), "{answer}");
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(200));
    let answer = server.exchange(long.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 431 ") && answer.contains("\"code\":\"headers-too-large\""),
        "{answer}"
    );
}

#[tokio::test]
async fn a_head_that_does_not_become_complete_times_out() {
    let server = Server::start(HttpOptions { head_read_max: Duration::ZERO, ..HttpOptions::default() }).await;
    let answer = server.exchange(b"GET / HTTP/1.1\r\nhost: x\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":\"request-timeout\""),
        "{answer}"
    );
}

#[tokio::test]
async fn an_unused_connection_is_closed() {
    let server = Server::start(HttpOptions { idle_max: Duration::ZERO, ..HttpOptions::default() }).await;
    assert_eq!(everything(server.connect().await).await, "");
}

#[tokio::test]
async fn connections_over_the_limit_wait() {
    let server = Server::start(HttpOptions { connections_max: 1, ..HttpOptions::default() }).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("sent");
    server.greeter.entered.notified().await;
    let second = server.exchange(LAST);
    tokio::pin!(second);
    assert!(futures::poll!(&mut second).is_pending());
    server.greeter.go_on.notify_one();
    assert!(everything(first).await.ends_with("hello"));
    assert!(second.await.ends_with("hello"));
}

#[tokio::test]
async fn requests_in_flight_are_answered_after_the_stop() {
    let server = Server::start(HttpOptions::default()).await;
    let idle = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    server.greeter.entered.notified().await;
    server.stop.cancel();
    assert_eq!(everything(idle).await, "");
    server.greeter.go_on.notify_one();
    assert!(everything(busy).await.ends_with("hello"));
    server.serving.await.expect("the server ends by itself");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_stop_does_not_wait_for_ever() {
    let server = Server::start(HttpOptions { drain_max: Duration::ZERO, ..HttpOptions::default() }).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    server.greeter.entered.notified().await;
    server.stop.cancel();
    server.serving.await.expect("the server ends though a request is unanswered");
}
