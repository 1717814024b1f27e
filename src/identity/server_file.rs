//! `<data-dir>/server.json`: where the running server is, and the token its operator may use.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{OperatorToken, pepper::write_private};

const FILE: &str = "server.json";

/// What the file says. A file may outlive its server when that was killed: a reader that gets no
/// connection treats it as absent.
#[derive(Clone, Serialize, Deserialize)]
pub struct ServerFile {
    /// Where the server answers, such as `http://127.0.0.1:8080`.
    pub url: String,
    /// The operator's token, of this run of the server only.
    pub admin_token: String,
    /// The server's process id.
    pub pid: u32,
}

impl ServerFile {
    /// The file of the server in this process.
    #[must_use]
    pub fn of_this_process(url: String, token: &OperatorToken) -> Self {
        Self { url, admin_token: token.expose().to_owned(), pid: std::process::id() }
    }

    /// Writes the file with mode 0600, at once and whole, over one that a killed server left.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_string(self)?);
        let draft = data_dir.join(format!("{FILE}.{}", self.pid));
        write_private(&draft, text.as_bytes())?;
        fs::rename(&draft, path(data_dir))
    }

    /// Reads the file; `None` when there is none, so no server runs.
    ///
    /// # Errors
    /// When it cannot be read or is no such file.
    pub fn read(data_dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(path(data_dir)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&Zeroizing::new(text))?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the file away at a clean stop, unless it is another server's by now.
    ///
    /// # Errors
    /// When it cannot be read or removed.
    pub fn remove(&self, data_dir: &Path) -> io::Result<()> {
        match Self::read(data_dir)? {
            Some(found) if found.pid == self.pid => fs::remove_file(path(data_dir)),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for ServerFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, pid, .. } = self;
        f.debug_struct("ServerFile").field("url", url).field("pid", pid).finish_non_exhaustive()
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(pid: u32) -> ServerFile {
        ServerFile { url: "http://127.0.0.1:1".into(), admin_token: "clo_secret".into(), pid }
    }

    #[test]
    fn it_is_written_whole_and_read_back() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(ServerFile::read(dir.path()).expect("no file").is_none());
        file(1).write(dir.path()).expect("written");
        file(2).write(dir.path()).expect("written over");
        let found = ServerFile::read(dir.path()).expect("readable").expect("a file");
        assert_eq!(
            (found.url.as_str(), found.admin_token.as_str(), found.pid),
            ("http://127.0.0.1:1", "clo_secret", 2)
        );
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "no draft is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(path(dir.path()), "left by somebody, readable by all").expect("a file");
        file(1).write(dir.path()).expect("written");
        let mode = fs::metadata(path(dir.path())).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn only_its_own_server_removes_it() {
        let dir = tempfile::tempdir().expect("a folder");
        file(1).remove(dir.path()).expect("nothing to do");
        file(2).write(dir.path()).expect("written");
        file(1).remove(dir.path()).expect("left alone");
        assert!(ServerFile::read(dir.path()).expect("readable").is_some());
        file(2).remove(dir.path()).expect("removed");
        assert!(ServerFile::read(dir.path()).expect("readable").is_none());
    }

    #[test]
    fn it_never_prints_the_token() {
        assert!(!format!("{:?}", file(1)).contains("clo_secret"));
    }

    #[test]
    fn anything_else_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        for text in ["", "{}", "[]", r#"{"url":"x","admin_token":"y","pid":-1}"#] {
            fs::write(path(dir.path()), text).expect("a file");
            assert!(ServerFile::read(dir.path()).is_err(), "{text}");
        }
    }
}
