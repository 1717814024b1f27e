//! Requests without allocation: a template is written once, each request overwrites two fields.

use uuid::Uuid;

use super::target::{Route, Target};

/// Bytes of a hyphenated UUID: wallets and idempotency keys are always this long.
pub(super) const UUID_BYTES: usize = 36;

/// The longest path of the measured routes. Shorter ones pad their `User-Agent`, so that echo,
/// check and deduct send equally many bytes.
const PATH_BYTES_MAX: usize = "/v1/wallets//deductions".len() + UUID_BYTES;

/// A complete request in one buffer, whose wallet and idempotency key can be overwritten.
#[derive(Debug, Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    wallet_at: usize,
    key_at: usize,
}

impl Request {
    pub(super) fn new(target: &Target, route: Route, api_key: &str) -> Self {
        let (before, after) = route.path();
        let blank = Uuid::nil().hyphenated().to_string();
        let path = format!("{before}{blank}{after}");
        let padding = "-".repeat(PATH_BYTES_MAX.saturating_sub(path.len()));
        let body = route.body();
        let before_key = format!(
            "POST {path} HTTP/1.1\r\n\
             Host: {authority}\r\n\
             User-Agent: credit-ledger-bench{padding}\r\n\
             Authorization: Bearer {api_key}\r\n\
             Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\
             Idempotency-Key: ",
            authority = target.authority,
            length = body.len(),
        );
        Self {
            wallet_at: "POST ".len() + before.len(),
            key_at: before_key.len(),
            bytes: format!("{before_key}{blank}\r\n\r\n{body}").into_bytes(),
        }
    }

    /// The bytes to send for this wallet under this idempotency key.
    pub(super) fn stamp(&mut self, wallet: &[u8; UUID_BYTES], key: Uuid) -> &[u8] {
        self.bytes[self.wallet_at..][..UUID_BYTES].copy_from_slice(wallet);
        key.hyphenated().encode_lower(&mut self.bytes[self.key_at..][..UUID_BYTES]);
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(route: Route) -> String {
        let target = Target::parse("http://127.0.0.1:80").expect("a valid URL");
        let mut request = Request::new(&target, route, "secret");
        let wallet = *b"11111111-1111-1111-1111-111111111111";
        String::from_utf8(request.stamp(&wallet, Uuid::max()).to_vec()).expect("requests are ASCII")
    }

    #[test]
    fn a_deduction_is_a_complete_request() {
        assert_eq!(
            stamped(Route::Deduct),
            "POST /v1/wallets/11111111-1111-1111-1111-111111111111/deductions HTTP/1.1\r\n\
             Host: 127.0.0.1:80\r\n\
             User-Agent: credit-ledger-bench\r\n\
             Authorization: Bearer secret\r\n\
             Content-Type: application/json\r\n\
             Content-Length: 33\r\n\
             Idempotency-Key: ffffffff-ffff-ffff-ffff-ffffffffffff\r\n\r\n\
             {\"service\":\"chat\",\"cost\":\"0.001\"}"
        );
    }

    #[test]
    fn the_compared_routes_send_equally_many_bytes() {
        let deduct = stamped(Route::Deduct).len();
        assert_eq!(stamped(Route::Echo).len(), deduct);
        assert_eq!(stamped(Route::Check).len(), deduct);
    }
}
