//! What can be wrong with settings. Messages show keys and sources; of a database URL, which may
//! hold a password, they show nothing.

use std::path::PathBuf;

/// Why there are no settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read, or is no TOML.
    #[error("{}: {detail}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file has a key that is no setting.
    #[error("{}: unknown setting `{key}`; known are {known}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Every setting, separated by commas.
        known: String,
    },
    /// A setting has a value that it can't have.
    #[error("{key} ({origin}): {detail}")]
    Value {
        /// The setting.
        key: String,
        /// Where its value is from.
        origin: String,
        /// What is wrong with it.
        detail: String,
    },
    /// `DATABASE_URL` names a database server of another kind.
    #[error(
        "DATABASE_URL names a database server that no ledger can be kept in: \
         use postgres://user@host/database, sqlite:///path/to/folder, or --data-dir"
    )]
    DatabaseServer,
    /// `DATABASE_URL` names no folder.
    #[error("DATABASE_URL must be sqlite:///path/to/folder or the path of a folder")]
    DatabaseUrl,
    /// A variable sets what every verifier of tokens would have to know, and could then make tokens with.
    #[error(
        "{name} is set, and tokens are not signed with a shared secret here: they are RS256, checked with the keys of \
         /oauth/jwks (docs/guides/from-shared-secret.md); unset {name}"
    )]
    SharedSecret {
        /// The variable.
        name: &'static str,
    },
}
