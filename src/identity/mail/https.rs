//! Mails to a service that takes them as JSON over HTTPS.

use std::{fmt, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use reqwest::{Client, StatusCode, Url, redirect};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Mail, MailError, Mailer};

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// `POST`s each mail as `{id, from, to, subject, text}` with a bearer token. Any answer of the 200s is
/// taken as done; 408, 425, 429 and the 500s are tried again.
pub struct Endpoint {
    client: Client,
    url: Url,
    token: Option<Zeroizing<String>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Posted<'a> {
    id: String,
    from: String,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
}

impl Endpoint {
    /// To this URL. Redirects are not followed: a mail holds a secret.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(url: Url, token: Option<String>) -> Result<Self, MailError> {
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build();
        let client = client.map_err(|error| MailError::Refused(error.to_string()))?;
        Ok(Self { client, url, token: token.map(Zeroizing::new) })
    }

    async fn post(&self, mail: &Mail) -> Result<(), MailError> {
        let from = mail.from.to_string();
        let posted = Posted {
            id: mail.id.to_string(),
            from,
            to: mail.to.as_str(),
            subject: &mail.subject,
            text: &mail.text,
        };
        let mut request = self.client.post(self.url.clone()).json(&posted);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.as_str());
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| MailError::Unreachable(error.without_url().to_string()))?;
        let status = answer.status();
        let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        match status {
            _ if status.is_success() => Ok(()),
            _ if status.is_server_error() || again.contains(&status) => {
                Err(MailError::Unreachable(status.to_string()))
            }
            _ => Err(MailError::Refused(status.to_string())),
        }
    }
}

impl Mailer for Endpoint {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        self.post(mail).boxed()
    }
}
