//! Why commands do not get to a writer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Peer, Role};

/// What is in the way, as far as this process knows.
#[derive(Default)]
pub(super) struct Obstacles {
    /// Why the lease cannot be followed, or why this process could not write.
    trouble: Mutex<Option<String>>,
    /// The writer that takes nothing from this process, and why.
    refused: Mutex<Option<(Peer, String)>>,
}

impl Obstacles {
    /// Why a process in this role cannot write and knows nobody who does it for it.
    pub(super) fn of(&self, role: &Role) -> Option<String> {
        let known = match role {
            Role::Writer(..) => return None,
            Role::Standby(Some(writer)) => {
                let refused = lock(&self.refused);
                return refused.as_ref().filter(|(by, _)| by == writer).map(|(_, reason)| reason.clone());
            }
            Role::Starting(_) => "this process is taking over",
            Role::Standby(None) => "no process writes the ledger",
        };
        Some(self.because(known))
    }

    /// Why nobody answered until the deadline.
    pub(super) fn at_deadline(&self, role: &Role) -> String {
        self.of(role).unwrap_or_else(|| {
            self.because(
                "another process writes the ledger, and this one doesn't reach it: both need the same \
                 cluster_secret_file, and that one cluster_listen",
            )
        })
    }

    fn because(&self, what: &str) -> String {
        match &*lock(&self.trouble) {
            Some(trouble) => format!("{what}: {trouble}"),
            None => what.to_owned(),
        }
    }

    pub(super) fn trouble(&self, reason: Option<String>) {
        *lock(&self.trouble) = reason;
    }

    /// This writer takes nothing from this process; logged once a writer.
    pub(super) fn refused(&self, writer: &Peer, reason: &str) {
        let mut refused = lock(&self.refused);
        if refused.as_ref().is_none_or(|(by, _)| by != writer) {
            tracing::error!(writer = writer.address, reason, "commands cannot be handed on");
            *refused = Some((writer.clone(), reason.to_owned()));
        }
    }

    /// The writer takes what is sent.
    pub(super) fn taken(&self) {
        *lock(&self.refused) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waited_in_vain_is_told_what_is_wrong() {
        let (obstacles, writer) = (Obstacles::default(), Peer { epoch: 1, address: "a".into() });
        let role = Role::Standby(Some(writer.clone()));
        assert_eq!(obstacles.at_deadline(&Role::Standby(None)), "no process writes the ledger");
        assert!(obstacles.at_deadline(&role).contains("doesn't reach it"));
        obstacles.trouble(Some("the database is gone".to_owned()));
        let told = obstacles.at_deadline(&Role::Standby(None));
        assert_eq!(told, "no process writes the ledger: the database is gone");
        assert!(obstacles.at_deadline(&role).ends_with(": the database is gone"));
        assert_eq!(obstacles.of(&role), None, "it may come back soon");
        obstacles.refused(&writer, "another secret");
        assert_eq!(obstacles.at_deadline(&role), "another secret");
        assert_eq!(obstacles.of(&role).as_deref(), Some("another secret"));
        obstacles.taken();
        assert_eq!(obstacles.of(&role), None);
    }
}
