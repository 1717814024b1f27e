//! Passwords of the broker's users: made here, and told once.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{broker::topology::NewUser, clock::Entropy};

/// Where new passwords are told.
#[derive(Debug)]
pub(in crate::cli) enum Destination {
    /// A file that only its owner can read: a line of JSON for each user; the last one of a user counts.
    File(PathBuf),
    /// The command's output.
    Shown,
}

/// A password of 256 random bits.
pub(in crate::cli) fn password(entropy: &mut dyn Entropy) -> String {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(&mut *bytes);
    URL_SAFE_NO_PAD.encode(*bytes)
}

impl Destination {
    /// Keeps the passwords, before anything depends on them.
    ///
    /// # Errors
    /// When the file can't be written, or others can read it.
    pub(in crate::cli) fn keep(&self, vhost: &str, users: &[NewUser]) -> io::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        let mut file = private(path)?;
        for NewUser { name, password } in users {
            let line = json!({ "vhost": vhost, "user": name, "password": password });
            writeln!(file, "{line}")?;
        }
        file.sync_all()
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o077 != 0 {
        let text = "others than its owner may read it: chmod 600 it first";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(file)
}
