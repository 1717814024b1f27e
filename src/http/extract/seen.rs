//! Where a request comes from, as far as that can be believed.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};

use crate::{config::Network, http::app::Shared};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The most of a user agent that is looked at.
const AGENT_CHARS_MAX: usize = 256;

/// The address at the other end of the connection, which the server notes on each request.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Peer(pub(in crate::http) IpAddr);

/// The client that asks: its address and what it says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Seen {
    /// The other end of the connection or, behind proxies that are trusted, the last address that none of
    /// them has.
    pub(in crate::http) address: IpAddr,
    /// The first 256 characters of `User-Agent`; empty when there is none.
    pub(in crate::http) agent: Box<str>,
}

impl FromRequestParts<Shared> for Seen {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Infallible> {
        // A request without a connection was made in this process.
        let peer = parts.extensions.get().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Peer(address)| *address);
        let agent = parts.headers.get(header::USER_AGENT);
        let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes())).unwrap_or_default();
        Ok(Self {
            address: client(peer, &parts.headers, &shared.options.trusted_proxies),
            agent: agent.chars().filter(|char| !char.is_control()).take(AGENT_CHARS_MAX).collect(),
        })
    }
}

/// Proxies append the address that they see, so the list is true from its end up to the first address
/// that is no trusted proxy's. What stands before that was written by anybody.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let mut said = headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|value| {
        let said: Vec<_> = value.to_str().unwrap_or_default().rsplit(',').map(str::trim).collect();
        said
    });
    while trusts(client) {
        let Some(Ok(before)) = said.next().map(str::parse::<IpAddr>) else { break };
        client = before.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().expect("a network")).collect()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = networks(&["10.0.0.0/8", "127.0.0.1"]);
        let cases: [(&str, &[&'static str], &str); 8] = [
            ("203.0.113.9", &[], "203.0.113.9"),
            // Anybody can write a header.
            ("203.0.113.9", &["192.0.2.1"], "203.0.113.9"),
            ("127.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("127.0.0.1", &["6.6.6.6, 192.0.2.1, 10.1.1.1"], "192.0.2.1"),
            ("127.0.0.1", &["6.6.6.6", "192.0.2.1,10.1.1.1"], "192.0.2.1"),
            ("127.0.0.1", &["6.6.6.6, nonsense"], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("::ffff:127.0.0.1", &["::ffff:192.0.2.1"], "192.0.2.1"),
        ];
        for (peer, said, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
            }
            assert_eq!(client(ip(peer), &headers, &trusted), ip(expected), "{peer} {said:?}");
        }
    }
}
