//! Where the load goes, and what one request of each route looks like.

use std::net::{SocketAddr, ToSocketAddrs};

use super::LoadError;

/// The operation that every request of a run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// `POST /bench/echo/{wallet}`: what HTTP costs without a ledger. Only servers started with
    /// `--bench-echo` have it.
    Echo,
    /// `POST /v1/wallets/{wallet}/deductions`
    Deduct,
    /// `POST /v1/wallets/{wallet}/checks`
    Check,
    /// `POST /v1/wallets/{wallet}/purchases` of 1,000,000 credits, to fill wallets before a run.
    Purchase,
}

impl Route {
    /// What comes before and after the wallet in the request path.
    pub(super) fn path(self) -> (&'static str, &'static str) {
        match self {
            Self::Echo => ("/bench/echo/", ""),
            Self::Deduct => ("/v1/wallets/", "/deductions"),
            Self::Check => ("/v1/wallets/", "/checks"),
            Self::Purchase => ("/v1/wallets/", "/purchases"),
        }
    }

    pub(super) fn body(self) -> &'static str {
        match self {
            Self::Echo | Self::Deduct | Self::Check => r#"{"service":"chat","cost":"0.001"}"#,
            Self::Purchase => r#"{"amount":"1000000"}"#,
        }
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
