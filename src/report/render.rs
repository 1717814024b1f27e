//! The forms in which a statement can be had.

use std::io::{self, Write};

use super::{Statement, beancount, hledger, html, sheet};

/// A form of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// One JSON document.
    Json,
    /// RFC 4180, safe to open in a spreadsheet.
    Csv,
    /// A page to read and to print.
    Html,
    /// A journal for `hledger`.
    Hledger,
    /// A journal for Beancount.
    Beancount,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Json, Self::Csv, Self::Html, Self::Hledger, Self::Beancount];

    /// The name, as requests say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Hledger => "hledger",
            Self::Beancount => "beancount",
        }
    }

    /// The form with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == name)
    }

    /// What HTTP calls it (RFC 8259, RFC 4180, HTML); the journals have no type of their own.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Html => "text/html; charset=utf-8",
            Self::Hledger | Self::Beancount => "text/plain; charset=utf-8",
        }
    }

    /// How its files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Hledger => "journal",
            Self::Beancount => "beancount",
        }
    }

    /// Writes the statement in this form, ended by a line feed.
    ///
    /// # Errors
    /// When `to` can't be written.
    pub fn write(self, statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => {
                serde_json::to_writer_pretty(&mut *to, statement)?;
                to.write_all(b"\n")
            }
            Self::Csv => sheet::write(statement, to),
            Self::Html => html::write(statement, to),
            Self::Hledger => hledger::write(statement, to),
            Self::Beancount => beancount::write(statement, to),
        }
    }
}
