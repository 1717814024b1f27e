//! Mails as files: for a machine without a mail server, for demos and for tests.

use std::{
    fs::{self, DirBuilder},
    io,
    path::{Path, PathBuf},
};

use futures::{FutureExt, future::BoxFuture};

use super::{Mail, MailError, Mailer};
use crate::identity::pepper::write_private;

/// Writes each mail as `<time>-<id>.eml` into a folder that only its owner can read.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Mails into this folder, which is made when the first one is sent.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)?;
        // Whoever watches the folder sees whole mails only.
        let draft = self.0.join(format!(".{name}"));
        write_private(&draft, text)?;
        fs::rename(draft, self.0.join(name))
    }
}

impl Mailer for Folder {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        async move {
            let text = mail.message()?.formatted();
            let name = format!("{:016}-{}.eml", mail.written.micros(), mail.id);
            let folder = self.clone();
            let written = tokio::task::spawn_blocking(move || folder.write(&name, &text)).await;
            let written = written.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
            written.map_err(|error| MailError::Unreachable(format!("{}: {error}", self.0.display())))
        }
        .boxed()
    }
}
