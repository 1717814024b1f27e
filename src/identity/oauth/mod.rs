//! The authorization server (RFC 6749 as limited by RFC 9700): what requests ask, whether they may
//! have it, and what is kept between two of them. No HTTP here: `http::oauth` reads and answers.
//!
//! Supported: code with PKCE S256 (RFC 7636), client credentials, refresh with rotation. Never: the
//! implicit and the password grant, plain PKCE, unsigned tokens.

pub mod authorize;
pub mod code;
pub mod credentials;
mod error;
pub(super) mod handle;
pub mod limits;
pub mod params;
pub mod pkce;
pub mod redirect;
pub mod refresh;
pub mod selection;
mod server;
pub mod token;

pub use error::{ErrorCode, OauthError};
pub use server::{Agreed, Granted, Inspected, Introspection, Server, UserInfo, allowed};
