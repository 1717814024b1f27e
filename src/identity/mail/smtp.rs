//! Mails to an SMTP server, over TLS (RFC 8314) with the server's certificate verified.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    transport::smtp::{AsyncSmtpTransportBuilder, authentication::Credentials},
};

use super::{Mail, MailError, Mailer};

/// How long the server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hands mails to an SMTP server.
#[derive(Debug)]
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// To this server. With `starttls` the connection becomes secret after a plain greeting, or is
    /// given up; otherwise it is from its first byte.
    ///
    /// # Errors
    /// When TLS cannot be set up for this host.
    pub fn new(
        host: &str,
        port: Option<u16>,
        starttls: bool,
        credentials: Option<(String, String)>,
    ) -> Result<Self, MailError> {
        let relay = if starttls {
            AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)
        } else {
            AsyncSmtpTransport::<Tokio1Executor>::relay(host)
        };
        let mut builder = relay.map_err(|error| MailError::Refused(error.to_string()))?;
        if let Some(port) = port {
            builder = builder.port(port);
        }
        if let Some((user, password)) = credentials {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self::over(builder))
    }

    pub(super) fn over(builder: AsyncSmtpTransportBuilder) -> Self {
        Self(builder.timeout(Some(PATIENCE)).build())
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        async move {
            let sent = self.0.send(mail.message()?).await;
            sent.map(drop).map_err(|error| {
                let why = error.to_string();
                if error.is_permanent() { MailError::Refused(why) } else { MailError::Unreachable(why) }
            })
        }
        .boxed()
    }
}
