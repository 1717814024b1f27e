//! The secret that the processes of one cluster share.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

/// The fewest bytes of a secret.
const BYTES_MIN: usize = 32;

/// What the token is for: another use of the same secret gives another one.
const PURPOSE: &[u8] = b"credit-ledger internal channel v1";

/// Why the cluster's secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It can be guessed.
    #[error("{} should hold at least {BYTES_MIN} random bytes", path.display())]
    Short {
        /// The file.
        path: PathBuf,
    },
    /// Others can read it.
    #[error("{} can be read by others (mode {mode:o}): chmod 600 it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// What a process of the cluster presents to another: an HMAC by the cluster's secret, in hex.
#[derive(Clone)]
pub struct PeerToken(Zeroizing<String>);

impl PeerToken {
    /// The token that follows from a secret.
    #[must_use]
    pub fn derive(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in hmac::sign(&key, PURPOSE).as_ref() {
            text.push_str(&format!("{byte:02x}"));
        }
        Self(text)
    }

    /// The token of the secret in this file. A line break at its end does not count.
    ///
    /// # Errors
    /// As [`SecretError`] says.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let fault = |source| SecretError::Io { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(fault)?;
        if let Some(mode) = shared_mode(&metadata) {
            return Err(SecretError::Open { path: path.to_owned(), mode });
        }
        let secret = Zeroizing::new(fs::read(path).map_err(fault)?);
        let secret = secret.trim_ascii_end();
        if secret.len() < BYTES_MIN {
            return Err(SecretError::Short { path: path.to_owned() });
        }
        Ok(Self::derive(secret))
    }

    /// Whether this is the token; it takes as long for a near miss as for a far one.
    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), presented.as_bytes()).is_ok()
    }

    /// The token, to be sent.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PeerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerToken([redacted])")
    }
}

#[cfg(unix)]
fn shared_mode(metadata: &fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
const fn shared_mode(_: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        fs::write(&path, bytes).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
        (dir, path)
    }

    #[test]
    fn only_the_same_secret_gives_the_same_token() {
        let (one, other) = (PeerToken::derive(&[1; 32]), PeerToken::derive(&[2; 32]));
        assert!(one.is(PeerToken::derive(&[1; 32]).expose()));
        assert!(!one.is(other.expose()));
        assert!(!one.is(""));
        assert!(!one.is(&one.expose()[..63]));
        assert_eq!(format!("{one:?}"), "PeerToken([redacted])");
    }

    #[test]
    fn a_secret_is_long_and_private() {
        let (_dir, path) = file(b"0123456789abcdef0123456789abcdef\n", 0o600);
        let token = PeerToken::read(&path).expect("a token");
        assert!(token.is(PeerToken::derive(b"0123456789abcdef0123456789abcdef").expose()));
        let (_dir, path) = file(b"0123456789abcdef0123456789abcde\n\n", 0o600);
        assert!(matches!(PeerToken::read(&path), Err(SecretError::Short { .. })));
        let (_dir, path) = file(&[7; 40], 0o640);
        assert!(matches!(PeerToken::read(&path), Err(SecretError::Open { mode: 0o640, .. })));
        assert!(matches!(PeerToken::read(Path::new("/absent")), Err(SecretError::Io { .. })));
    }
}
