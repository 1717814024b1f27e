//! Where the load goes, and what one request of each route looks like.

use std::net::{SocketAddr, ToSocketAddrs};

use clap::ValueEnum;

use super::LoadError;

/// The operation that every request of a run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// `POST /bench/echo/{wallet}`: what HTTP costs without a ledger. Only servers started with
    /// `--bench-echo` have it.
    Echo,
    /// `POST /v1/wallets/{wallet}/deductions`
    Deduct,
    /// `POST /v1/deductions:batch`: 500 deductions a request, each with a wallet and a key of its own.
    DeductBatch,
    /// `POST /v1/wallets/{wallet}/checks`
    Check,
    /// `POST /v1/wallets/{wallet}/purchases` of 1,000,000 credits, to fill wallets before a run.
    Purchase,
    /// `POST /oauth/token` for a service of its own; the file has `client_id:client_secret`.
    Token,
}

/// Deductions of one batch: half of what a batch may have.
const BATCH_ITEMS: usize = 500;

/// How a request names its wallet and its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The wallet between these two in the path, the key in a header.
    Single(&'static str, &'static str),
    /// Neither: this form goes to this path.
    Whole(&'static str, &'static str),
    /// This path; so many items in the body, each with a wallet and a key.
    Batch(&'static str, usize),
}

impl Route {
    pub(super) const fn form(self) -> Form {
        match self {
            Self::Echo => Form::Single("/bench/echo/", ""),
            Self::Deduct => Form::Single("/v1/wallets/", "/deductions"),
            Self::DeductBatch => Form::Batch("/v1/deductions:batch", BATCH_ITEMS),
            Self::Check => Form::Single("/v1/wallets/", "/checks"),
            Self::Purchase => Form::Single("/v1/wallets/", "/purchases"),
            Self::Token => Form::Whole("/oauth/token", "grant_type=client_credentials"),
        }
    }

    /// What one request asks for, beside wallet and key: the members of a JSON object.
    pub(super) const fn members(self) -> &'static str {
        match self {
            Self::Echo | Self::Deduct | Self::DeductBatch | Self::Check => {
                r#""service":"chat","cost":"0.001""#
            }
            Self::Purchase => r#""amount":"1000000""#,
            Self::Token => "",
        }
    }

    /// How many things one request asks for.
    #[must_use]
    pub const fn items(self) -> usize {
        match self.form() {
            Form::Single(..) | Form::Whole(..) => 1,
            Form::Batch(_, items) => items,
        }
    }

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A server to load: plain HTTP only, because TLS would measure the generator.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// `host:port` as the `Host` header wants it.
    pub(super) authority: String,
}

impl Target {
    /// Reads `http://host:port`.
    pub(super) fn parse(url: &str) -> Result<Self, LoadError> {
        let bad = |reason: &str| LoadError::Url { url: url.to_owned(), reason: reason.to_owned() };
        let rest = url.strip_prefix("http://").ok_or_else(|| bad("must start with http://"))?;
        let authority = rest.trim_end_matches('/');
        let address = authority
            .to_socket_addrs()
            .map_err(|error| bad(&error.to_string()))?
            .next()
            .ok_or_else(|| bad("has no address"))?;
        Ok(Self { address, authority: authority.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_address_and_an_authority() {
        let target = Target::parse("http://127.0.0.1:8080/").expect("a valid URL");
        assert_eq!(target.address, SocketAddr::from(([127, 0, 0, 1], 8080)));
        assert_eq!(target.authority, "127.0.0.1:8080");
    }

    #[test]
    fn other_schemes_and_missing_ports_are_refused() {
        for url in ["https://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1", "http://"] {
            assert!(matches!(Target::parse(url), Err(LoadError::Url { .. })), "{url}");
        }
    }
}
