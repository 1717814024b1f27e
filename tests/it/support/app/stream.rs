//! A reader of server-sent events.

/// An open stream.
#[derive(Debug)]
pub(crate) struct EventStream {
    response: reqwest::Response,
    unread: String,
}

/// One event as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: String,
}

impl EventStream {
    pub(crate) fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, unread: String::new() }
    }

    /// The next event; `None` at the end of the stream. Comments are passed over.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let sent = parse(block);
                self.unread = rest.to_owned();
                if sent.is_some() {
                    return sent;
                }
            }
            let chunk = self.response.chunk().await.expect("a chunk")?;
            self.unread.push_str(str::from_utf8(&chunk).expect("whole events"));
        }
    }
}

fn parse(block: &str) -> Option<Sent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    Some(Sent { id: field("id: ")?, event: field("event: ")?, data: field("data: ")? })
}
