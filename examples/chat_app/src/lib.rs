//! A chat API, as an example of an app around the ledger. People sign in there, groups are kept there,
//! and a message costs a credit there; messages are kept here.
//!
//! `POST /api/chat/groups/{id}/messages`, step by step:
//! 1. `caller` verifies the user's token by the published keys, and that nothing has ended it since:
//!    what ends comes over AMQP and is remembered by `endings`.
//! 2. `groups` asks for the group and its members with this service's own token.
//! 3. `charges` takes a credit from the user's wallet, on her behalf.
//! 4. `messages` keeps the message, with its organization.

mod api;
mod caller;
mod charges;
mod correlation;
mod endings;
mod groups;
mod messages;
mod problem;
mod settings;
mod store;

use std::{future::Future, sync::Arc, time::Duration};

use credit_ledger_client::{
    Consumer, HttpFeed,
    auth::{ServiceTokenManager, SystemClock, TokenVerifier},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use settings::{BadSettings, Settings};

/// How long the ledger may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What handlers share.
pub(crate) struct Chat {
    pub(crate) store: store::Store,
    pub(crate) verifier: TokenVerifier,
    pub(crate) groups: groups::Groups,
    pub(crate) charges: charges::Charges,
    /// Draws an id.
    pub(crate) new_id: fn() -> Uuid,
}

/// Why the app doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database can't be opened.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// No HTTP client can be made.
    #[error("the HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// The broker's URL is none.
    #[error("AMQP_URL: {0}")]
    Broker(#[from] credit_ledger_client::BadUrl),
}

/// Opens the database and gets ready to serve on this listener; the future serves until `stop`.
///
/// # Errors
/// When it can't start. Whether the ledger and the broker are there shows later, and they may come and go.
pub async fn start(
    settings: Settings,
    listener: TcpListener,
    new_id: fn() -> Uuid,
    stop: CancellationToken,
) -> Result<impl Future<Output = std::io::Result<()>>, StartError> {
    let store = store::Store::open(&settings.database).await?;
    // No redirects: they would carry tokens to wherever they lead.
    let http = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let consumer = match settings.broker()? {
        Some(broker) => {
            let feed = HttpFeed::new(http.clone(), &settings.ledger_url, settings.ledger_key.clone());
            let consumer = Consumer::new(broker, store.clone(), endings::Endings).with_feed(feed);
            Some(tokio::spawn(consumer.run(stop.clone())))
        }
        None => {
            tracing::warn!("AMQP_URL is not set: sessions that end are noticed when their tokens do");
            None
        }
    };
    let jwks = format!("{}/oauth/jwks", settings.auth_url);
    let clock = Arc::new(SystemClock::default());
    let verifier =
        TokenVerifier::with_clock(http.clone(), &settings.issuer, &settings.audience, &jwks, clock);
    let tokens = ServiceTokenManager::new(http.clone(), settings.service.clone());
    let chat = Chat {
        store,
        verifier,
        groups: groups::Groups::new(http.clone(), &settings.auth_url, tokens),
        charges: charges::Charges::new(http, &settings),
        new_id,
    };
    let router = api::router(Arc::new(chat));
    Ok(async move {
        axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await?;
        if let Some(consumer) = consumer {
            consumer.await.map_err(std::io::Error::other)?;
        }
        Ok(())
    })
}
