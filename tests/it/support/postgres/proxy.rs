//! A TCP proxy before the server, which cuts the connection that appends, where a test says.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::oneshot,
};
use tokio_util::task::AbortOnDropHandle;

/// What happens to the next append. The connection is cut in each case.
#[derive(Debug)]
pub(crate) enum Cut {
    /// It never reaches the server.
    Request,
    /// The server has committed it, and the answer never reaches the client.
    Answer,
    /// It reaches the server when the sender is used, long after the client lost the connection.
    LateRequest(oneshot::Receiver<()>),
}

type NextCut = Arc<Mutex<Option<Cut>>>;

/// Passes connections on to a port until it is dropped.
pub(crate) struct Proxy {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    next: NextCut,
    _accepting: AbortOnDropHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let next = NextCut::default();
        let armed = Arc::clone(&next);
        let accepting = AbortOnDropHandle::new(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                    tokio::spawn(pass(client, server, Arc::clone(&armed)));
                }
            }
        }));
        Self { port: own, next, _accepting: accepting }
    }

    /// Cuts the next append on a connection that has appended before.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// Whether the cut was made.
    pub(crate) fn has_cut(&self) -> bool {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// Passes bytes in both directions until one side closes or the connection is cut.
async fn pass(client: TcpStream, server: TcpStream, next: NextCut) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut buffers = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut appends = false;
    loop {
        tokio::select! {
            asked = from_client.read(&mut buffers.0) => {
                let Ok(length @ 1..) = asked else { return };
                let asked = &buffers.0[..length];
                let cut = next.lock().unwrap_or_else(PoisonError::into_inner).take_if(|_| appends);
                if let Some(cut) = cut {
                    drop((from_client, to_client));
                    return make(cut, asked, to_server, from_server).await;
                }
                // Its statement is prepared once; from then on, all that this connection does is append.
                appends |= asked.windows(13).any(|text| text == b"append_events");
                if to_server.write_all(asked).await.is_err() { return }
            }
            answered = from_server.read(&mut buffers.1) => {
                let Ok(length @ 1..) = answered else { return };
                if to_client.write_all(&buffers.1[..length]).await.is_err() { return }
            }
        }
    }
}

/// What still passes between proxy and server when the client is gone.
async fn make(cut: Cut, asked: &[u8], mut to_server: OwnedWriteHalf, mut from_server: OwnedReadHalf) {
    match cut {
        Cut::Request => return,
        Cut::Answer => {}
        Cut::LateRequest(released) => drop(released.await),
    }
    if to_server.write_all(asked).await.is_ok() {
        // The server answers once it has committed, or refused.
        let _ = from_server.read(&mut [0; 1024]).await;
    }
}
