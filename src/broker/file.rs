//! Progress in a file beside the embedded ledger.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use events::{AppId, Position};
use futures::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::state::{Progress, RelayState, StateError};

const FILE: &str = "relay.json";
const QUARANTINE: &str = "relay-quarantine.jsonl";

/// Progress in `relay.json` of a directory: replaced by renaming, so that it is always whole.
/// Quarantined events are lines of `relay-quarantine.jsonl`. The directory has one writer: its
/// ledger's lock keeps other processes away.
#[derive(Debug, Clone)]
pub struct FileState {
    directory: Arc<Path>,
    /// The epoch that counts, and the turn: one save at a time.
    epoch: Arc<Mutex<u64>>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    position: Position,
    epoch: Position,
    prevs: BTreeMap<AppId, Position>,
}

impl FileState {
    /// Keeps progress in this directory, which must be there.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into().into(), epoch: Arc::default() }
    }

    fn load_now(&self, epoch: u64) -> Result<Progress, StateError> {
        let mut latest = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match fs::read(self.directory.join(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                *latest = epoch.max(*latest);
                return Ok(Progress::default());
            }
            Err(error) => return Err(unavailable(&error)),
        };
        let document: Document =
            serde_json::from_slice(&text).map_err(|error| StateError::Corrupt(format!("{FILE}: {error}")))?;
        *latest = (*latest).max(document.epoch.get());
        if epoch < *latest {
            return Err(StateError::Superseded { epoch: *latest });
        }
        *latest = epoch;
        Ok(Progress { position: document.position, prevs: document.prevs })
    }

    fn save_now(&self, progress: Progress, epoch: u64) -> Result<(), StateError> {
        let latest = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch < *latest {
            return Err(StateError::Superseded { epoch: *latest });
        }
        let document =
            Document { position: progress.position, epoch: Position(epoch), prevs: progress.prevs };
        let text = serde_json::to_vec(&document).map_err(|error| StateError::Corrupt(error.to_string()))?;
        replace(&self.directory, &text).map_err(|error| unavailable(&error))
    }

    fn quarantine_now(&self, position: Position, reason: &str) -> Result<(), StateError> {
        let _turn = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.directory.join(QUARANTINE);
        let line = serde_json::json!({ "position": position, "reason": reason }).to_string();
        let known = match fs::read_to_string(&path) {
            Ok(lines) => lines.lines().any(|known| known == line),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(unavailable(&error)),
        };
        if known {
            return Ok(());
        }
        let append = || {
            let mut file = File::options().create(true).append(true).open(&path)?;
            writeln!(file, "{line}")?;
            file.sync_all()
        };
        append().map_err(|error| unavailable(&error))
    }
}

/// Writes the file anew beside the old one, then takes its place.
fn replace(directory: &Path, text: &[u8]) -> io::Result<()> {
    let (path, fresh) = (directory.join(FILE), directory.join("relay.json.new"));
    let mut file = File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
    File::open(directory)?.sync_all()
}

fn unavailable(error: &dyn std::fmt::Display) -> StateError {
    StateError::Unavailable(error.to_string())
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StateError> + Send + 'static,
) -> Result<T, StateError> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(unavailable(&error)))
}

impl RelayState for FileState {
    fn load(&self, epoch: u64) -> BoxFuture<'_, Result<Progress, StateError>> {
        let state = self.clone();
        off_the_runtime(move || state.load_now(epoch)).boxed()
    }

    fn save<'a>(&'a self, progress: &'a Progress, epoch: u64) -> BoxFuture<'a, Result<(), StateError>> {
        let (state, progress) = (self.clone(), progress.clone());
        off_the_runtime(move || state.save_now(progress, epoch)).boxed()
    }

    fn quarantine<'a>(
        &'a self,
        position: Position,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let (state, reason) = (self.clone(), reason.to_owned());
        off_the_runtime(move || state.quarantine_now(position, &reason)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(position: u64) -> Progress {
        let prevs = [(AppId(uuid::Uuid::from_u128(7)), Position(position - 1))].into();
        Progress { position: Position(position), prevs }
    }

    #[tokio::test]
    async fn progress_survives_and_a_lower_epoch_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let state = FileState::new(directory.path());
        assert_eq!(state.load(3).await, Ok(Progress::default()));
        state.save(&progress(5), 3).await.expect("saved");
        let again = FileState::new(directory.path());
        assert_eq!(again.load(4).await, Ok(progress(5)));
        assert_eq!(again.save(&progress(9), 3).await, Err(StateError::Superseded { epoch: 4 }));
        again.save(&progress(6), 4).await.expect("saved");
        let late = FileState::new(directory.path());
        assert_eq!(late.load(3).await, Err(StateError::Superseded { epoch: 4 }));
        assert_eq!(late.load(4).await, Ok(progress(6)));
    }

    #[tokio::test]
    async fn what_is_no_progress_is_not_taken_for_the_beginning() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(FILE), "{\"position\":").expect("written");
        let error = FileState::new(directory.path()).load(0).await.expect_err("half a file");
        assert!(matches!(error, StateError::Corrupt(_)), "{error}");
    }

    #[tokio::test]
    async fn an_event_is_quarantined_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let state = FileState::new(directory.path());
        for _ in 0..2 {
            state.quarantine(Position(4), "no \"json\"").await.expect("recorded");
        }
        let lines = fs::read_to_string(directory.path().join(QUARANTINE)).expect("a file");
        assert_eq!(lines, "{\"position\":\"4\",\"reason\":\"no \\\"json\\\"\"}\n");
    }
}
