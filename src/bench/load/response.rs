//! Just enough of an HTTP/1.1 response to count it and to find where the next one starts.

/// Headers that a response may have; more make it malformed.
const HEADERS_MAX: usize = 48;

/// The start of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Length of status line and headers.
    pub(super) head_bytes: usize,
    pub(super) body_bytes: usize,
    /// The server said `Connection: close`.
    pub(super) closes: bool,
}

/// The bytes are no response that this generator can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads a head, or `None` while bytes are missing. Responses need a `Content-Length`: every
/// answer of the ledger has one.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let head_bytes = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Malformed),
    };
    let mut body_bytes = None;
    let mut closes = false;
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).map_err(|_| Malformed)?;
            body_bytes = Some(text.trim().parse().map_err(|_| Malformed)?);
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok(Some(Head {
        status: response.code.ok_or(Malformed)?,
        head_bytes,
        body_bytes: body_bytes.ok_or(Malformed)?,
        closes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let head_bytes = CREATED.len() - 2;
        for cut in 0..head_bytes {
            assert_eq!(parse(&CREATED[..cut]), Ok(None), "cut at {cut}");
        }
        let head = Head { status: 201, head_bytes, body_bytes: 2, closes: false };
        assert_eq!(parse(CREATED), Ok(Some(head)));
    }

    #[test]
    fn a_closing_server_is_noticed() {
        let head = parse(b"HTTP/1.1 503 x\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n");
        assert!(head.is_ok_and(|head| head.is_some_and(|head| head.closes && head.status == 503)));
    }

    #[test]
    fn what_cannot_be_counted_is_malformed() {
        assert_eq!(parse(b"SSH-2.0-OpenSSH\r\n\r\n"), Err(Malformed));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(Malformed));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Err(Malformed));
    }
}
