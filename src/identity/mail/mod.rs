//! Mails to users: into a folder by default, to an SMTP server over TLS, or to a mail service over HTTPS.
//! They are queued, so that no request waits for a mail server, and its answer does not tell by its time
//! whether a mail was sent.

mod address;
mod file;
mod https;
mod outbox;
mod smtp;
mod target;
#[cfg(test)]
mod tests;
mod texts;

pub use address::{EmailAddress, NotAnAddress};
pub use file::Folder;
pub use https::Endpoint;
pub use outbox::{Outbox, OutboxFull};
pub use smtp::Smtp;
pub use target::{Target, TargetError};
pub use texts::{Letter, Texts};

use std::{fmt, time::SystemTime};

use events::Time;
use futures::future::BoxFuture;
use lettre::message::{
    Body, Mailbox, Message,
    header::{ContentTransferEncoding, ContentType},
};
use uuid::Uuid;

/// The most bytes of a line (RFC 5322, 2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// A mail to one user, in plain text.
#[derive(Clone)]
pub struct Mail {
    /// Names it, for `Message-ID`: the same at each attempt, so that servers can drop doubles.
    pub id: Uuid,
    /// Its sender: an address, perhaps with a name.
    pub from: Mailbox,
    /// Its reader.
    pub to: EmailAddress,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub written: Time,
}

/// A mail holds an address and a secret, so neither shows.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Why a mail did not go out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It will never be taken as it is.
    #[error("the mail was refused: {0}")]
    Refused(String),
    /// Another attempt may do.
    #[error("the mail could not be handed over: {0}")]
    Unreachable(String),
}

/// Hands mails over.
pub trait Mailer: Send + Sync + 'static {
    /// Hands one over. It may arrive twice when the answer of a server was lost.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

impl Mail {
    /// The mail as RFC 5322 writes it.
    ///
    /// # Errors
    /// When a name or an address cannot be written down.
    fn message(&self) -> Result<Message, MailError> {
        let since = u64::try_from(self.written.micros()).unwrap_or_default();
        let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(since);
        let host = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, self.to.written().clone()))
            .subject(self.subject.clone())
            .date(written)
            .message_id(Some(format!("<{}@{host}>", self.id)))
            // RFC 3834: no reply by a machine is wanted.
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(self.body())
            .map_err(|error| MailError::Refused(error.to_string()))
    }
}

impl Mail {
    /// The text as it is, where it can stay so: a link that is cut into lines opens nothing when somebody
    /// copies it out of a file.
    fn body(&self) -> Body {
        let plain = |line: &str| line.len() <= LINE_BYTES_MAX && !line.contains(['\r', '\0']);
        if self.text.is_ascii() && self.text.split('\n').all(plain) {
            let text = self.text.replace('\n', "\r\n").into_bytes();
            return Body::dangerous_pre_encoded(text, ContentTransferEncoding::SevenBit);
        }
        Body::new(self.text.clone())
    }
}

#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".into())
    }
}
