//! Requests without allocation: a template is written once, each request overwrites its wallets and keys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use uuid::Uuid;

use super::target::{Form, Route, Target};

/// Bytes of a hyphenated UUID: wallets and idempotency keys are always this long.
pub(super) const UUID_BYTES: usize = 36;

/// The longest path of the measured routes. Shorter ones pad their `User-Agent`, so that echo,
/// check and deduct send equally many bytes.
const PATH_BYTES_MAX: usize = "/v1/wallets//deductions".len() + UUID_BYTES;

/// What stands before the credential.
const BEARER: &str = "Authorization: Bearer ";

/// A complete request in one buffer, whose wallets and idempotency keys can be overwritten.
#[derive(Debug, Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    /// Where the wallet and the key of each item stand.
    places: Vec<(usize, usize)>,
    /// Where the credential stands, if another one may be written over it.
    credential_at: Option<usize>,
}

impl Request {
    pub(super) fn new(target: &Target, route: Route, api_key: &str) -> Self {
        match route.form() {
            Form::Single(before, after) => {
                Self::single(target, api_key, (before, after), &format!("{{{}}}", route.members()))
            }
            Form::Whole(path, body) => Self::whole(target, api_key, path, body),
            Form::Batch(path, items) => Self::batch(target, api_key, path, route.members(), items),
        }
    }

    fn single(target: &Target, api_key: &str, (before, after): (&str, &str), body: &str) -> Self {
        let blank = blank();
        let path = format!("{before}{blank}{after}");
        let padding = "-".repeat(PATH_BYTES_MAX.saturating_sub(path.len()));
        let head = head(target, &path, &padding, api_key, body.len());
        let before_key = format!("{head}Idempotency-Key: ");
        Self {
            credential_at: credential_at(&head),
            places: vec![("POST ".len() + before.len(), before_key.len())],
            bytes: format!("{before_key}{blank}\r\n\r\n{body}").into_bytes(),
        }
    }

    fn whole(target: &Target, credentials: &str, path: &str, body: &str) -> Self {
        let bytes = format!(
            "POST {path} HTTP/1.1\r\n\
             Host: {authority}\r\n\
             User-Agent: credit-ledger-bench\r\n\
             Authorization: Basic {basic}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}",
            authority = target.authority,
            basic = STANDARD.encode(credentials),
            length = body.len(),
        );
        Self { places: Vec::new(), credential_at: None, bytes: bytes.into_bytes() }
    }

    fn batch(target: &Target, api_key: &str, path: &str, members: &str, items: usize) -> Self {
        let (blank, wallet, key) = (blank(), r#"{"wallet":""#, r#"","idempotency_key":""#);
        let item = format!("{wallet}{blank}{key}{blank}\",{members}}}");
        let start = r#"{"items":["#;
        let body = format!("{start}{}]}}", vec![item.as_str(); items].join(","));
        let head = head(target, path, "", api_key, body.len()) + "\r\n";
        let place = |number: usize| {
            let at = head.len() + start.len() + number * (item.len() + ",".len()) + wallet.len();
            (at, at + UUID_BYTES + key.len())
        };
        let places = (0..items).map(place).collect();
        let credential_at = credential_at(&head);
        Self { credential_at, places, bytes: format!("{head}{body}").into_bytes() }
    }

    /// Shows another credential from now on, which is as long as the one before.
    pub(super) fn show(&mut self, credential: &[u8]) {
        if let Some(at) = self.credential_at {
            self.bytes[at..][..credential.len()].copy_from_slice(credential);
        }
    }

    /// The bytes to send. `draw` gives each item's wallet and idempotency key.
    pub(super) fn stamp<'a>(&mut self, mut draw: impl FnMut() -> (&'a [u8; UUID_BYTES], Uuid)) -> &[u8] {
        for (wallet_at, key_at) in &self.places {
            let (wallet, key) = draw();
            self.bytes[*wallet_at..][..UUID_BYTES].copy_from_slice(wallet);
            key.hyphenated().encode_lower(&mut self.bytes[*key_at..][..UUID_BYTES]);
        }
        &self.bytes
    }
}

/// Where the credential begins in this head.
fn credential_at(head: &str) -> Option<usize> {
    head.find(BEARER).map(|at| at + BEARER.len())
}

fn blank() -> String {
    Uuid::nil().hyphenated().to_string()
}

/// The request line and the headers, without the empty line that ends them.
fn head(target: &Target, path: &str, padding: &str, api_key: &str, body_bytes: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\n\
         Host: {authority}\r\n\
         User-Agent: credit-ledger-bench{padding}\r\n\
         {BEARER}{api_key}\r\n\
         Content-Type: application/json\r\n\
         Content-Length: {body_bytes}\r\n",
        authority = target.authority,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(route: Route) -> String {
        let target = Target::parse("http://127.0.0.1:80").expect("a valid URL");
        let mut request = Request::new(&target, route, "secret");
        let wallet = *b"11111111-1111-1111-1111-111111111111";
        let bytes = request.stamp(|| (&wallet, Uuid::max())).to_vec();
        String::from_utf8(bytes).expect("requests are ASCII")
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
    fn another_credential_stands_where_the_first_one_stood() {
        let target = Target::parse("http://127.0.0.1:80").expect("a valid URL");
        let mut request = Request::new(&target, Route::Deduct, "secret");
        let before = String::from_utf8(request.bytes.clone()).expect("ASCII");
        request.show(b"tokens");
        let after = String::from_utf8(request.bytes.clone()).expect("ASCII");
        assert_eq!(after, before.replace("secret", "tokens"));
    }

    #[test]
    fn a_token_is_asked_for_by_a_form() {
        assert_eq!(
            stamped(Route::Token),
            "POST /oauth/token HTTP/1.1\r\n\
             Host: 127.0.0.1:80\r\n\
             User-Agent: credit-ledger-bench\r\n\
             Authorization: Basic c2VjcmV0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 29\r\n\r\n\
             grant_type=client_credentials"
        );
    }

    #[test]
    fn the_compared_routes_send_equally_many_bytes() {
        let deduct = stamped(Route::Deduct).len();
        assert_eq!(stamped(Route::Echo).len(), deduct);
        assert_eq!(stamped(Route::Check).len(), deduct);
    }

    #[test]
    fn a_batch_is_a_complete_request_of_items_with_wallets_and_keys() {
        let batch = stamped(Route::DeductBatch);
        let (head, body) = batch.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("POST /v1/deductions:batch HTTP/1.1\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let items = body["items"].as_array().expect("items");
        assert_eq!(items.len(), Route::DeductBatch.items());
        let item = serde_json::json!({
            "wallet": "11111111-1111-1111-1111-111111111111",
            "idempotency_key": "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "service": "chat",
            "cost": "0.001",
        });
        assert!(items.iter().all(|other| *other == item));
    }
}
