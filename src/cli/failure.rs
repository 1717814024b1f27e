//! How a command fails, and the exit code that says so.

use std::{io, process::ExitCode};

use super::{client::Problem, output::Format};

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The ledger answered with a problem.
    #[error(transparent)]
    Problem(#[from] Box<Problem>),
    /// No server answered.
    #[error("{0}")]
    Unreachable(String),
    /// The stored data broke a rule.
    #[error("{0}")]
    Verification(String),
    /// The command was asked for something it can't do.
    #[error("{0}")]
    Usage(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The writer halted; a new start finds out what the disk holds.
    #[error("{0}")]
    Halted(String),
    /// Whoever read the output has gone; nothing is wrong.
    #[error("the reader of the output has gone")]
    NobodyReads,
    /// Anything else.
    #[error("{0:#}")]
    Other(anyhow::Error),
}

/// What a command gives.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// The exit code, as the README lists them.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Problem(problem) if problem.status == 402 => 4,
            Self::Problem(_) | Self::Other(_) => 1,
            Self::Unreachable(_) => 5,
            Self::Verification(_) => 3,
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
            Self::Halted(_) => 70,
            Self::NobodyReads => 0,
        }
    }

    /// Says on standard error what went wrong, and gives the exit code. A problem is printed as
    /// its JSON when that is the output format.
    #[must_use]
    pub fn report(&self, format: Format) -> ExitCode {
        match self {
            Self::NobodyReads => {}
            Self::Problem(problem) if format.is_json() => eprintln!("{}", problem.json),
            Self::Problem(_)
            | Self::Unreachable(_)
            | Self::Verification(_)
            | Self::Usage(_)
            | Self::Interrupted
            | Self::Halted(_)
            | Self::Other(_) => eprintln!("error: {self}"),
        }
        ExitCode::from(self.code())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::NobodyReads } else { Self::Other(error.into()) }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { io::Error::from(error).into() } else { Self::Other(error.into()) }
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        let text = error.to_string();
        if let csv::ErrorKind::Io(error) = error.into_kind() {
            error.into()
        } else {
            Self::Other(anyhow::anyhow!("{text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_with_code_and_request_and_402_has_its_own_exit_code() {
        let body = r#"{"title":"Insufficient credits","status":402,"detail":"the wallet has 1",
            "code":"insufficient-credits","request_id":"r-9"}"#;
        let failure = Failure::from(Box::new(Problem::read(402, false, body)));
        assert_eq!(
            failure.to_string(),
            "Insufficient credits: the wallet has 1 (code insufficient-credits, request r-9)"
        );
        assert_eq!(failure.code(), 4);
        assert_eq!(Failure::from(Box::new(Problem::read(404, false, body))).code(), 1);
    }

    #[test]
    fn an_answer_that_is_no_problem_is_shown_as_it_is() {
        let failure = Failure::from(Box::new(Problem::read(502, false, "<html>bad gateway")));
        assert_eq!(failure.to_string(), "HTTP 502: <html>bad gateway (code none, request none)");
    }

    #[test]
    fn a_reader_who_has_gone_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.code(), 0);
    }
}
