//! The parts of identity that work together behind the endpoints.

use super::{
    Identity,
    browsers::Browsers,
    oauth::{self, limits::TokenRates},
    tokens::Tokens,
    trail::Trail,
    vault::Shelf,
};

/// Everything that signs people in and issues tokens, for one ledger.
#[derive(Debug)]
pub struct Service {
    /// Who there is.
    pub identity: Identity,
    /// What is kept beside the log.
    pub shelf: Shelf,
    /// Access and ID tokens.
    pub tokens: Tokens,
    /// The authorization server.
    pub oauth: oauth::Server,
    /// Browsers in which somebody is signed in.
    pub browsers: Browsers,
    /// Where activity is noted.
    pub trail: Trail,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(identity: Identity, shelf: Shelf, tokens: Tokens, trail: Trail, rates: TokenRates) -> Self {
        let limits = oauth::limits::Limits::new(rates);
        let oauth = oauth::Server::new(identity.clone(), shelf.clone(), tokens.clone(), limits);
        let browsers = Browsers::new(identity.clone(), shelf.clone());
        Self { identity, shelf, tokens, oauth, browsers, trail }
    }

    /// The public URL, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.tokens.settings().issuer
    }
}
