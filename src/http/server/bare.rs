//! Whole answers as bytes, for requests that never became one.

use crate::http::{
    front::REQUEST_ID,
    problem::{Code, Problem},
};

/// The answer to send instead, when these bytes are hyper's own bodyless answer to a head that it
/// could not parse.
pub(super) fn replacement(written: &[u8]) -> Option<Vec<u8>> {
    let status = written.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let problem = match status {
        b"400" => Problem::bad_request("the request is not HTTP/1.1"),
        b"414" => Problem::new(Code::HeadersTooLarge, "the request's path is too long"),
        b"431" => Problem::new(Code::HeadersTooLarge, "the request headers are too many or too long"),
        _ => return None,
    };
    // An answer of ours has a request id.
    let ours =
        written.windows(REQUEST_ID.as_str().len()).any(|bytes| bytes == REQUEST_ID.as_str().as_bytes());
    (!ours && written.ends_with(b"\r\n\r\n")).then(|| closing(&problem))
}

/// A problem that ends its connection.
pub(super) fn closing(problem: &Problem) -> Vec<u8> {
    let status = problem.code.status();
    let body = problem.render("", "");
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_hyper_itself_is_replaced() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
        let replaced = String::from_utf8(replacement(bare).expect("a problem")).expect("text");
        assert!(replaced.starts_with("HTTP/1.1 431 "), "{replaced}");
        assert!(replaced.contains(r#""code":"headers-too-large""#), "{replaced}");
        let (head, body) = replaced.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        for ours in [
            b"HTTP/1.1 200 OK\r\n\r\n".as_slice(),
            b"HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            b"{\"balance\":\"1\"}",
            b"",
        ] {
            assert_eq!(replacement(ours), None);
        }
    }
}
