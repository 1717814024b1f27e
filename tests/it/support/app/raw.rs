//! HTTP as bytes, for what no client library would send.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::client::PATIENCE;

/// Everything that came back over one connection.
#[derive(Debug)]
pub(crate) struct RawAnswer(pub(crate) String);

impl RawAnswer {
    /// The status of each answer, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let lines = self.0.split("HTTP/1.").skip(1);
        lines.filter_map(|line| line.split(' ').nth(1)?.get(..3)?.parse().ok()).collect()
    }

    /// Whether the answers are exactly one problem with this code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) {
        assert_eq!(self.statuses(), [status], "{}", self.0);
        assert!(self.0.contains(&format!("\"code\":\"{code}\"")), "{}", self.0);
        assert!(self.0.contains("content-type: application/problem+json\r\n"), "{}", self.0);
    }
}

/// Sends all bytes, then reads until the server closes the connection.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut answer = Vec::new();
    let talk = async {
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    timeout(PATIENCE, talk).await.expect("the server must close the connection");
    RawAnswer(String::from_utf8_lossy(&answer).into_owned())
}
