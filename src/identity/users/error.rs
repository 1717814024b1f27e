//! Why something about users was not done.

use crate::{
    engine::EngineError,
    identity::{
        IdentityError,
        mail::NotAnAddress,
        passwords::{HashError, PasswordFault},
        throttle::Throttled,
        tokens::TokenFault,
        vault::VaultError,
    },
};

/// Why something about users was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UserError {
    /// Too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too many passwords are being checked, or too many mails wait.
    #[error("too many ask at once: try again in a moment")]
    Busy,
    /// No user has this address, confirmed, and this password. Which of these is wrong is not told.
    #[error("the e-mail address or the password is wrong, or the address is not confirmed yet")]
    InvalidCredentials,
    /// The password is right, and the account was disabled.
    #[error("the account is disabled")]
    Disabled,
    /// A refresh token that is none, or no longer.
    #[error("the refresh token is not valid")]
    InvalidRefresh,
    /// A mailed link that is none, was used or is too old.
    #[error("the link was used before, or is too old: register again, or ask for a new password again")]
    InvalidLink,
    /// The text is no e-mail address.
    #[error(transparent)]
    Email(#[from] NotAnAddress),
    /// The password is not taken.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The name is not taken.
    #[error("a name has 1 to 100 characters and no control characters")]
    Name,
    /// There is no such user, session or grant.
    #[error("there is none")]
    NotFound,
    /// A user is to have at least one role.
    #[error("a user has at least one role")]
    NoRole,
    /// The rows can't be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The fact can't be recorded.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The wallet can't be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A password can't be hashed, or a token not signed.
    #[error("something of this service failed")]
    Failed,
}

impl From<HashError> for UserError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Failed => Self::Failed,
        }
    }
}

impl From<TokenFault> for UserError {
    fn from(fault: TokenFault) -> Self {
        tracing::error!(%fault, "no token could be signed");
        Self::Failed
    }
}
