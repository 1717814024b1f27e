//! The setting `mail_url`: where mails go.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use reqwest::Url;

use super::{Endpoint, Folder, MailError, Mailer, Smtp};

/// Where mails go.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// `file:///folder`: into a folder.
    Folder(PathBuf),
    /// `smtps://user:password@host` from the first byte over TLS, or `smtp://user:password@host` with
    /// STARTTLS.
    Smtp {
        /// The server's name, which its certificate must have.
        host: String,
        /// Its port, if it is not the usual one.
        port: Option<u16>,
        /// Whether the connection begins in the clear.
        starttls: bool,
        /// Who signs in there, and the password.
        credentials: Option<(String, String)>,
    },
    /// `https://host/path`: a service that takes JSON. A password in the URL is its bearer token.
    Https {
        /// Where to post.
        url: Url,
        /// What to show there.
        token: Option<String>,
    },
}

/// Why mails cannot go there.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The setting is none of the forms.
    #[error(
        "mail goes to file:///folder, smtps://user:password@host, smtp://user:password@host or https://host/path"
    )]
    Form,
    /// TLS could not be set up.
    #[error(transparent)]
    Client(#[from] MailError),
}

impl Target {
    /// Reads the setting; nothing set means the folder `mail` in the data directory.
    ///
    /// # Errors
    /// When it is none of the forms.
    pub fn parse(setting: Option<&str>, data_dir: &Path) -> Result<Self, TargetError> {
        let Some(text) = setting else { return Ok(Self::Folder(data_dir.join("mail"))) };
        let mut url = Url::parse(text).map_err(|_| TargetError::Form)?;
        if url.scheme() == "file" {
            let path = url.to_file_path().ok().filter(|path| path.parent().is_some());
            return path.map(Self::Folder).ok_or(TargetError::Form);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(TargetError::Form)?.to_owned();
        let user = decoded(url.username()).filter(|user| !user.is_empty());
        let password = url.password().and_then(decoded);
        let bare = url.path().trim_matches('/').is_empty() && url.query().is_none();
        match url.scheme() {
            // In the clear only to this machine, where nobody can listen in.
            scheme @ ("https" | "http") if scheme == "https" || is_loopback(&host) => {
                // Nobody but the header may carry it.
                url.set_password(None).and_then(|()| url.set_username("")).map_err(|()| TargetError::Form)?;
                Ok(Self::Https { url, token: password })
            }
            scheme @ ("smtps" | "smtp") if bare => Ok(Self::Smtp {
                host,
                port: url.port(),
                starttls: scheme == "smtp",
                credentials: user.map(|user| (user, password.unwrap_or_default())),
            }),
            _ => Err(TargetError::Form),
        }
    }

    /// What hands mails over there.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn mailer(self) -> Result<Box<dyn Mailer>, TargetError> {
        Ok(match self {
            Self::Folder(path) => Box::new(Folder::new(&path)),
            Self::Smtp { host, port, starttls, credentials } => {
                Box::new(Smtp::new(&host, port, starttls, credentials)?)
            }
            Self::Https { url, token } => Box::new(Endpoint::new(url, token)?),
        })
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Smtp { host, port, .. } => {
                f.debug_struct("Smtp").field("host", host).field("port", port).finish_non_exhaustive()
            }
            Self::Https { url, .. } => f.debug_tuple("Https").field(&url.host_str()).finish(),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A part of a URL without its percent signs (RFC 3986, 2.1).
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, left) = match (first, tail) {
            (b'%', [high, low, left @ ..]) => {
                let digit =
                    |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                (digit(high)? * 16 + digit(low)?, left)
            }
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8(bytes).ok()
}
