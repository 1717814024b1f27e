//! One connection, from accept to close.

use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::body::Body;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_util::sync::CancellationToken;

use super::{
    Answers, Limits, bare,
    progress::{Progress, Verdict, Watchdog},
    socket::Socket,
};
use crate::http::{
    extract::Peer,
    problem::{Code, Problem},
};

/// How often the watchdog looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Answers the requests of one connection until the client or the server ends it.
pub(super) async fn run(
    stream: TcpStream,
    peer: IpAddr,
    api: impl Answers,
    limits: Limits,
    stop: CancellationToken,
) {
    let progress = Arc::new(Progress::default());
    let service = service_fn(|request: Request<Incoming>| {
        let (api, progress) = (api.clone(), Arc::clone(&progress));
        async move {
            progress.request_started();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let response = api.respond(request).await;
            progress.request_answered();
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let socket = Socket::new(TokioIo::new(stream), Arc::clone(&progress));
    let mut connection = http1::Builder::new()
        // The watchdog does it, without a timer for each request.
        .header_read_timeout(None)
        // Twice the limit of the front, which answers with a problem what is between the two.
        .max_buf_size(2 * limits.head_bytes_max)
        // A request that came in whole is carried out and answered, though its client sends no more.
        .half_close(true)
        .serve_connection(socket, service);
    let mut watchdog = Watchdog::default();
    let mut look = pin!(tokio::time::sleep(LOOK_EVERY));
    let mut stopping = pin!(stop.cancelled());
    let mut draining = false;
    loop {
        tokio::select! {
            biased;
            // Whatever ends a connection, there is nobody left to tell.
            _ = &mut connection => return,
            () = &mut stopping, if !draining => {
                draining = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
            () = &mut look => {
                let next = look.deadline() + LOOK_EVERY;
                look.as_mut().reset(next);
                match watchdog.look(&progress, limits.head_read_max_s, limits.idle_max_s) {
                    Verdict::Keep => {}
                    Verdict::Idle => std::pin::Pin::new(&mut connection).graceful_shutdown(),
                    Verdict::TooSlow => break,
                }
            }
        }
    }
    let problem =
        Problem::new(Code::RequestTimeout, "the request headers were not complete within the time limit");
    let mut stream = connection.into_parts().io.into_inner().into_inner();
    // The client may be gone; then so is the answer.
    let _ = tokio::time::timeout(LOOK_EVERY, stream.write_all(&bare::closing(&problem))).await;
    let _ = stream.shutdown().await;
}
