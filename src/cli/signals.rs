//! Ctrl-C and SIGTERM.

/// Resolves when the process is asked to end.
pub(super) async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // A handler that could not be set leaves the system's own: the process just ends.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
