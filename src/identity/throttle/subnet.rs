//! Whom an address belongs to.

use std::net::IpAddr;

/// An IPv4 address, or the first 64 bits of an IPv6 address: one household has all of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subnet(u64, bool);

impl Subnet {
    /// The subnet of an address. An IPv4 address written as an IPv6 one is that IPv4 address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_bits().into(), false),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]), true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_and_an_ipv4_address_is_one() {
        let of = |text: &str| Subnet::of(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_ne!(of("0.0.0.1"), of("::1"), "the two kinds do not meet");
    }
}
