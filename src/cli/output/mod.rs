//! What commands print on standard output: one object or many, as table, JSON, JSON Lines or CSV.
//! Notes, progress and logs go to standard error, so that output can be piped.

mod cells;
mod table;

pub use cells::Column;

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use super::failure::Outcome;
pub use crate::report::guarded;

/// How output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values, RFC 4180
    Csv,
}

impl Format {
    /// Whether programs read it as JSON.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

/// Where and how a command prints.
pub struct Output<'a> {
    /// How.
    pub format: Format,
    sink: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    /// Prints to `sink`.
    pub fn new(format: Format, sink: &'a mut dyn Write) -> Self {
        Self { format, sink }
    }

    /// Whether a person reads it.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        self.format == Format::Table
    }

    /// Prints one thing: a table of its fields, or a JSON object, or a CSV record with a header.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn one(&mut self, thing: &Value, columns: &[Column]) -> Outcome {
        match self.format {
            Format::Table => self.lines(&table::upright(thing, columns)),
            Format::Json => self.json(thing),
            Format::Jsonl => self.line(&thing.to_string()),
            Format::Csv => self.csv(std::slice::from_ref(thing), columns),
        }
    }

    /// Prints a list: a table with a row each, or a JSON array, or a line each.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn many(&mut self, things: &[Value], columns: &[Column]) -> Outcome {
        match self.format {
            Format::Table => self.lines(&table::rows(things, columns)),
            Format::Json => self.json(&things),
            Format::Jsonl => things.iter().try_for_each(|thing| self.line(&thing.to_string())),
            Format::Csv => self.csv(things, columns),
        }
    }

    /// Prints a blank line and a heading, in tables only.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn heading(&mut self, text: &str) -> Outcome {
        if self.is_for_people() { self.lines(&format!("\n{text}")) } else { Ok(()) }
    }

    /// Prints anything as indented JSON.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn json(&mut self, thing: &impl Serialize) -> Outcome {
        serde_json::to_writer_pretty(&mut self.sink, thing)?;
        self.line("")
    }

    /// Prints one line as it is.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn line(&mut self, text: &str) -> Outcome {
        self.sink.write_all(text.as_bytes())?;
        self.sink.write_all(b"\n")?;
        Ok(self.sink.flush()?)
    }

    fn lines(&mut self, text: &str) -> Outcome {
        self.line(text.trim_end())
    }

    fn csv(&mut self, things: &[Value], columns: &[Column]) -> Outcome {
        let mut writer = csv::Writer::from_writer(&mut self.sink);
        writer.write_record(columns.iter().map(|column| column.name))?;
        for thing in things {
            writer.write_record(columns.iter().map(|column| guarded(&column.text(thing)).into_owned()))?;
        }
        Ok(writer.flush()?)
    }
}

#[cfg(test)]
mod tests;
