//! Many rows in few statements.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteArguments};

/// Rows of one statement, largest first. sqlx goes to another thread and back for each statement,
/// so 512 rows are written at a time and the rest in few steps.
const SIZES: [usize; 4] = [512, 64, 8, 1];

/// A statement about any number of rows.
#[derive(Debug)]
pub(super) struct Bulk([Arc<str>; SIZES.len()]);

impl Bulk {
    /// `head` is the statement up to, not including, its `VALUES`.
    pub(super) fn new(head: &'static str, columns: usize) -> Self {
        Self::around(head, columns, "")
    }

    /// The same, with what follows the `VALUES`.
    pub(super) fn around(head: &'static str, columns: usize, tail: &'static str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        Self(SIZES.map(|size| format!("{head} VALUES {}{tail}", vec![row.as_str(); size].join(",")).into()))
    }

    /// Executes it for `rows`; `bind` adds the columns of one.
    pub(super) async fn execute<R: Sync>(
        &self,
        connection: &mut SqliteConnection,
        mut rows: &[R],
        bind: impl Fn(&R, &mut Row) + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        for (size, sql) in SIZES.into_iter().zip(&self.0) {
            while let Some((chunk, rest)) = rows.split_at_checked(size) {
                rows = rest;
                let mut row = Row { arguments: SqliteArguments::default(), failed: None };
                chunk.iter().for_each(|source| bind(source, &mut row));
                if let Some(error) = row.failed {
                    return Err(sqlx::Error::Encode(error));
                }
                sqlx::query_with(AssertSqlSafe(sql.clone()), row.arguments).execute(&mut *connection).await?;
            }
        }
        Ok(())
    }
}

/// Takes the columns of rows, one after the other.
pub(super) struct Row {
    arguments: SqliteArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Row {
    pub(super) fn add<'t>(&mut self, value: impl sqlx::Encode<'t, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>) {
        if let Err(error) = sqlx::Arguments::add(&mut self.arguments, value) {
            self.failed.get_or_insert(error);
        }
    }

    /// A position or another count; SQLite's numbers end at 2^63 - 1, and no log is that long.
    pub(super) fn number(&mut self, number: u64) {
        self.add(number.cast_signed());
    }
}
