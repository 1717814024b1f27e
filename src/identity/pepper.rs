//! The key of all key hashes, kept beside the ledger: with the log alone nobody can test a guess.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::hmac;
use events::Verifier;
use zeroize::Zeroizing;

use crate::clock::Entropy;

const BYTES: usize = 32;
const FILE: &str = "pepper";

/// 32 random bytes in `<data-dir>/pepper`. Without them every API key is void.
#[derive(Clone)]
pub struct Pepper(hmac::Key);

/// Why the pepper can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PepperError {
    /// Others can read it, or could have.
    #[error("{} can be read by others (mode {mode:o}): chmod 600 it, and revoke all API keys if anyone did", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not 32 bytes long: restore it from a backup.
    #[error("{} has {bytes} bytes and should have {BYTES}, raw, not as text: restore it from the backup, or every API key is void", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// How many it has.
        bytes: u64,
    },
    /// It can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl Pepper {
    /// Reads the pepper of a data directory, or makes one when there is none.
    ///
    /// # Errors
    /// As [`PepperError`] says; an existing pepper is never replaced.
    pub fn load_or_create(data_dir: &Path, entropy: &mut dyn Entropy) -> Result<Self, PepperError> {
        let path = data_dir.join(FILE);
        if let Some(pepper) = Self::load(&path)? {
            return Ok(pepper);
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        entropy.fill(&mut *bytes);
        match create(data_dir, &path, &*bytes) {
            Ok(()) => Ok(Self::from_bytes(&bytes)),
            // Another process was faster; its pepper counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::load(&path)?.ok_or(PepperError::Io { path, source: error })
            }
            Err(source) => Err(PepperError::Io { path, source }),
        }
    }

    /// Reads the pepper in this file, which must be there: all replicas of a ledger have the same.
    ///
    /// # Errors
    /// As [`PepperError`] says.
    pub fn read(path: &Path) -> Result<Self, PepperError> {
        let absent = || PepperError::Io { path: path.to_owned(), source: io::ErrorKind::NotFound.into() };
        Self::load(path)?.ok_or_else(absent)
    }

    /// Tells peppers apart, and tells nobody anything about them.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hmac::sign(&self.0, b"credit-ledger pepper fingerprint v1").as_ref()[..16]);
        bytes
    }

    /// A pepper of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    fn load(path: &Path) -> Result<Option<Self>, PepperError> {
        let fault = |source| PepperError::Io { path: path.to_owned(), source };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(error)),
        };
        let metadata = file.metadata().map_err(fault)?;
        if let Some(mode) = shared_mode(&metadata) {
            return Err(PepperError::Open { path: path.to_owned(), mode });
        }
        let bytes = metadata.len();
        if bytes != BYTES as u64 {
            return Err(PepperError::Length { path: path.to_owned(), bytes });
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        file.read_exact(&mut *bytes).map_err(fault)?;
        Ok(Some(Self::from_bytes(&bytes)))
    }

    /// The keyed hash by which a secret is recognized.
    pub(super) fn verifier(&self, secret: &str) -> Verifier {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.0, secret.as_bytes()).as_ref());
        Verifier(bytes)
    }

    /// A key for one purpose, which tells nothing about the pepper or other keys: HKDF-Expand
    /// (RFC 5869, section 2.3) of the pepper, which is as good as random already.
    pub(super) fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(hmac::sign(&self.0, &[label.as_bytes(), &[1]].concat()).as_ref());
        key
    }

    /// A code over these parts that nobody else can make. No secret that is hashed begins as a code's
    /// input does: it has no zero byte.
    pub(super) fn code(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        bytes
    }

    /// Whether the secret has this hash; takes as long for a near miss as for a far one.
    pub(super) fn accepts(&self, secret: &str, verifier: &Verifier) -> bool {
        hmac::verify(&self.0, secret.as_bytes(), &verifier.0).is_ok()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}

/// Writes the pepper under another name and links it: it is there whole and durable, or not at all.
fn create(data_dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = data_dir.join(format!("{FILE}.{}", std::process::id()));
    let result = write_private(&draft, bytes).and_then(|()| fs::hard_link(&draft, path));
    // A draft that stays behind does no harm: the next attempt starts with its own.
    let _ = fs::remove_file(&draft);
    result?;
    File::open(data_dir)?.sync_all()
}

/// Writes a new file that only its owner can read, and waits until the disk has it.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The permission bits of a file that group or others may touch.
#[cfg(unix)]
fn shared_mode(metadata: &fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere the permissions of the data directory have to do.
#[cfg(not(unix))]
const fn shared_mode(_: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Generator;

    fn load(dir: &Path, seed: u64) -> Result<Pepper, PepperError> {
        Pepper::load_or_create(dir, &mut Generator::from_seed(seed))
    }

    #[test]
    fn it_is_made_once_and_then_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let made = load(dir.path(), 1).expect("a pepper");
        let read = load(dir.path(), 2).expect("a pepper");
        assert_eq!(made.verifier("secret"), read.verifier("secret"));
        let files: Vec<_> = fs::read_dir(dir.path()).expect("a folder").collect();
        assert_eq!(files.len(), 1, "no draft is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        load(dir.path(), 1).expect("a pepper");
        let path = dir.path().join(FILE);
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o620, 0o601, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
            assert!(matches!(load(dir.path(), 1), Err(PepperError::Open { mode: seen, .. }) if seen == mode));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("chmod");
        assert!(load(dir.path(), 1).is_ok());
    }

    #[test]
    fn a_pepper_of_another_length_is_refused_and_kept() {
        for length in [0, 31, 33] {
            let dir = tempfile::tempdir().expect("a folder");
            write_private(&dir.path().join(FILE), &vec![7; length]).expect("a file");
            assert!(matches!(load(dir.path(), 1), Err(PepperError::Length { .. })), "{length}");
            assert_eq!(fs::read(dir.path().join(FILE)).expect("a file").len(), length);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_clear_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let error = load(&dir.path().join("absent"), 1).expect_err("no folder");
        assert!(error.to_string().contains("absent"), "{error}");
    }

    #[test]
    fn it_hashes_as_rfc_2104_says_and_is_never_printed() {
        // RFC 4231, test case 2, padded as HMAC pads: "Jefe" and 28 zeros are the same key.
        let mut key = [0; BYTES];
        key[..4].copy_from_slice(b"Jefe");
        let pepper = Pepper::from_bytes(&key);
        let hash = pepper.verifier("what do ya want for nothing?");
        let expected = "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"";
        assert_eq!(serde_json::to_string(&hash).expect("json"), expected);
        assert_eq!(format!("{pepper:?}"), "Pepper([redacted])");
    }

    #[test]
    fn keys_are_derived_as_rfc_5869_says() {
        use aws_lc_rs::hkdf;
        let pepper = [7; BYTES];
        let expected = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &pepper);
        let info: [&[u8]; 1] = [b"a purpose"];
        let mut key = [0; 32];
        let expand = expected.expand(&info, hkdf::HKDF_SHA256).expect("a key");
        expand.fill(&mut key).expect("of this length");
        assert_eq!(*Pepper::from_bytes(&pepper).derive("a purpose"), key);
        assert_ne!(*Pepper::from_bytes(&pepper).derive("another"), key);
    }
}
