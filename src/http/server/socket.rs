//! The socket as hyper sees it: notes what moves, and puts a body into the answers that hyper
//! itself gives to what it cannot parse.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::{bare, progress::Progress};

/// A socket that hyper reads from and writes to.
#[derive(Debug)]
pub(super) struct Socket<I> {
    io: I,
    progress: Arc<Progress>,
    /// What goes out in place of hyper's own answer, and how much of it has gone.
    instead: Option<(Vec<u8>, usize)>,
}

impl<I> Socket<I> {
    pub(super) const fn new(io: I, progress: Arc<Progress>) -> Self {
        Self { io, progress, instead: None }
    }

    pub(super) fn into_inner(self) -> I {
        self.io
    }
}

impl<I: Write + Unpin> Socket<I> {
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, sent)) = &mut self.instead {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &bytes[*sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *sent += written;
            if *sent == bytes.len() {
                self.instead = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: Read + Unpin> Read for Socket<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if matches!(read, Poll::Ready(Ok(()))) {
            self.progress.bytes_read();
        }
        read
    }
}

impl<I: Write + Unpin> Write for Socket<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.progress.bytes_written();
        if self.instead.is_none() {
            match bare::replacement(buffer) {
                Some(answer) => self.instead = Some((answer, 0)),
                None => return Pin::new(&mut self.io).poll_write(cx, buffer),
            }
        }
        ready!(self.poll_instead(cx))?;
        Poll::Ready(Ok(buffer.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
