//! HTTP by hand, for what a well-behaved client never does.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection to a server.
pub(crate) async fn connect(url: &str) -> TcpStream {
    let address = url.strip_prefix("http://").expect("an HTTP URL");
    TcpStream::connect(address).await.expect("a connection")
}

/// A deduction as it goes over the wire; the connection ends with its answer.
pub(crate) fn deduction(api_key: &str, wallet: &str, key: &str, cost: &str) -> Vec<u8> {
    let body = json!({ "service": "chat", "cost": cost }).to_string();
    let length = body.len();
    format!(
        "POST /v1/wallets/{wallet}/deductions HTTP/1.1\r\nHost: ledger\r\nAuthorization: Bearer {api_key}\r\n\
         Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("bytes that can be sent");
}

/// The status of the one answer on this connection.
pub(crate) async fn status(stream: &mut TcpStream) -> u16 {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer);
    let status =
        answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
