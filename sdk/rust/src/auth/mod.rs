//! Tokens of the ledger's authorization server, at both ends of a call: a [`ServiceTokenManager`] gets
//! this service's own and renews them in time; a [`TokenVerifier`] tells whose token a request brings,
//! from the server's published keys, without asking it each time.
//!
//! ```no_run
//! use credit_ledger_client::auth::{ServiceClient, ServiceTokenManager, TokenVerifier};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let http = reqwest::Client::new();
//! let tokens = ServiceTokenManager::new(http.clone(), ServiceClient::from_vars(std::env::vars())?);
//! let group = tokens.send(http.get("https://auth.example/api/auth/groups/0fdf3a76-674b-4118-b6f1-e0a88982d0d5")).await?;
//!
//! let verifier = TokenVerifier::new(http, "https://auth.example", "https://api.example");
//! let claims = verifier.verify("eyJ…").await?;
//! if let Some(user) = claims.user() {
//!     println!("{user} of organization {:?} may {:?}", claims.org_id, claims.scope);
//! }
//! # Ok(())
//! # }
//! ```

mod body;
mod claims;
mod clock;
mod exchange;
mod header;
mod jwks;
mod keys;
mod manager;
mod service;
mod state;
mod verifier;

pub use claims::{Claims, PrincipalType};
pub use clock::{Clock, SystemClock};
pub use exchange::{AccessToken, TokenError};
pub use manager::{SendError, ServiceTokenManager};
pub use service::{MissingSetting, ServiceClient};
pub use verifier::{TokenFault, TokenVerifier};
