//! The chat app: settings from the environment, and Ctrl-C ends it. README.md names the settings.

use std::{env, error::Error};

use chat_app::Settings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let settings = Settings::from_vars(env::vars())?;
    let listener = TcpListener::bind(&settings.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "chat app listens");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(chat_app::start(settings, listener, new_id, stop.clone()).await?);
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    Ok(serving.await??)
}

#[expect(clippy::disallowed_methods, reason = "main hands randomness to the rest")]
fn new_id() -> Uuid {
    Uuid::new_v4()
}
