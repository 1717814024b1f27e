//! Ctrl-C and SIGTERM end the bench in an orderly way, so that no server is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::HttpBenchError;

/// Remembers that the bench was asked to end.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for the rest of this process's life.
    pub(super) fn listen() -> Result<Self, HttpBenchError> {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(HttpBenchError::io("listen for signals"))?;
        thread::spawn(move || {
            runtime.block_on(asked_to_end());
            flag.store(true, Ordering::Relaxed);
        });
        Ok(Self(asked))
    }

    pub(super) fn check(&self) -> Result<(), HttpBenchError> {
        if self.0.load(Ordering::Relaxed) { Err(HttpBenchError::Interrupted) } else { Ok(()) }
    }
}

#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    let _ = tokio::signal::ctrl_c().await;
}
