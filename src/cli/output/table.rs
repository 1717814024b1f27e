//! Tables for people.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use events::Credits;
use serde_json::Value;

use super::Column;

/// A row for each thing.
pub(super) fn rows(things: &[Value], columns: &[Column]) -> String {
    let mut table = plain();
    table.set_header(columns.iter().map(|column| column.name));
    for thing in things {
        table.add_row(columns.iter().map(|column| aligned(column.text(thing))));
    }
    trimmed(&table)
}

/// A row for each field of one thing.
pub(super) fn upright(thing: &Value, columns: &[Column]) -> String {
    let mut table = plain();
    for column in columns {
        let text = column.text(thing);
        if !text.is_empty() {
            table.add_row([column.name.to_owned(), text]);
        }
    }
    trimmed(&table)
}

/// The lines without the margins on either side.
fn trimmed(table: &Table) -> String {
    let lines = table.to_string();
    lines.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Amounts stand to the right, so that they can be compared.
fn aligned(text: String) -> Cell {
    let number = text.parse::<Credits>().is_ok();
    Cell::new(text).set_alignment(if number { CellAlignment::Right } else { CellAlignment::Left })
}
