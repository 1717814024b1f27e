//! The network before a node: a port that can be closed, and connections that can be cut.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Forwards a port to a node.
pub(super) struct Wire {
    address: SocketAddr,
    node: SocketAddr,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Wire {
    /// An open one to `node`, on a free port.
    pub(super) async fn to(node: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        Self { address, node, task: Mutex::new(Some(tokio::spawn(forward(listener, node)))) }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts every connection; further ones are refused.
    pub(super) fn close(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// Accepts connections again.
    pub(super) async fn open(&self) {
        let listener = loop {
            // The aborted task may not have let go of it yet.
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let task = tokio::spawn(forward(listener, self.node));
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.close();
    }
}

/// Sends what is written at once.
pub(super) fn prompt(connection: &TcpStream) {
    connection.set_nodelay(true).expect("an option of every TCP connection");
}

/// Ends with all its connections when it is aborted.
async fn forward(listener: TcpListener, node: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((mut near, _)) = listener.accept() => {
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(node).await {
                        prompt(&near);
                        prompt(&far);
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
