//! The network before a node: a port that can be closed, and connections that can be cut.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
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
            Ok((near, _)) = listener.accept() => {
                connections.spawn(async move {
                    if let Ok(far) = TcpStream::connect(node).await {
                        prompt(&near);
                        prompt(&far);
                        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                        tokio::select! {
                            () = pass(near_in, far_out) => {}
                            () = pass(far_in, near_out) => {}
                        }
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Passes on what comes, until either side ends.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        // The client sends a request in small parts, each when the one before is acknowledged (Nagle's
        // algorithm), which Linux may put off for 40 ms.
        #[cfg(target_os = "linux")]
        from.as_ref().set_quickack(true).expect("an option of every TCP connection");
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) if to.write_all(&buffer[..count]).await.is_err() => return,
            Ok(_) => {}
        }
    }
}
