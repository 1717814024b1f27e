//! Statements for spreadsheets.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use events::{Class, Credits};

use super::{
    Statement,
    statement::{Edge, Line, Standing},
};

const HEADER: [&str; 15] = [
    "wallet",
    "position",
    "time",
    "kind",
    "service",
    "reason",
    "payment_reference",
    "refers_to",
    "app",
    "amount",
    "balance",
    "reserved",
    "debt_change",
    // lot:class:free:held for each lot that changed, between spaces
    "lots",
    "debt",
];

/// A CSV cell that no spreadsheet takes for a formula (OWASP, CSV injection): what starts like one
/// and is no plain amount gets an apostrophe in front.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<Credits>().is_err() {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes a record for the opening, each line, and the closing.
pub(super) fn write(statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(HEADER)?;
    let wallet = statement.of.wallet.to_string();
    let mut record = |cells: [String; 14]| {
        csv.write_field(&wallet)?;
        cells.iter().try_for_each(|cell| csv.write_field(&*guarded(cell)))?;
        csv.write_record(None::<&[u8]>)
    };
    record(edge("opening", &statement.from, &statement.opening))?;
    let mut debt = statement.opening.debt;
    for line in &statement.lines {
        // The statement has added them up before.
        debt = debt.checked_add(line.debt_change).unwrap_or(debt);
        record(cells(line, debt))?;
    }
    record(edge("closing", &statement.to, &statement.closing))?;
    csv.flush()
}

fn edge(kind: &str, edge: &Edge, standing: &Standing) -> [String; 14] {
    let empty = String::new;
    [
        edge.position.to_string(),
        edge.time.to_string(),
        kind.to_owned(),
        empty(),
        empty(),
        empty(),
        empty(),
        empty(),
        empty(),
        standing.balances.balance.to_string(),
        standing.balances.reserved.to_string(),
        empty(),
        empty(),
        standing.debt.to_string(),
    ]
}

fn cells(line: &Line, debt: Credits) -> [String; 14] {
    let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
    let lots = line.lots.iter().map(|m| format!("{}:{}:{}:{}", m.lot, class(m.class), m.free, m.held));
    [
        line.position.to_string(),
        line.time.to_string(),
        line.kind.as_str().to_owned(),
        text(&line.service),
        text(&line.reason),
        text(&line.payment_reference),
        line.refers_to.map(|position| position.to_string()).unwrap_or_default(),
        line.app.map(|app| app.to_string()).unwrap_or_default(),
        line.amount.to_string(),
        line.balance.to_string(),
        line.reserved.to_string(),
        line.debt_change.to_string(),
        lots.collect::<Vec<_>>().join(" "),
        debt.to_string(),
    ]
}

/// The name of a class.
pub(super) const fn class(class: Class) -> &'static str {
    match class {
        Class::Paid => "paid",
        Class::Promotional => "promotional",
    }
}
