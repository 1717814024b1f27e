//! The sums above the lines.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use events::Credits;

use super::Shown;
use crate::report::{
    Statement,
    statement::{Kind, Parts},
    text::spaced,
};

/// Opening, what came in, what went out, closing; then each kind, and what the closing consists of.
pub(super) fn write(statement: &Statement, shown: &Shown, to: &mut dyn Write) -> io::Result<()> {
    let amounts = || statement.lines.iter().map(|line| i128::from(line.amount.micros()));
    let (came, went) = (amounts().filter(|a| *a > 0).sum(), amounts().filter(|a| *a < 0).sum());
    writeln!(to, "<dl class=\"sums\">")?;
    for (name, text) in [
        ("Opening balance", shown.plain(statement.opening.balances.balance)),
        ("Credits in", shown.signed(came)),
        ("Credits out", shown.signed(went)),
        ("Closing balance", shown.plain(statement.closing.balances.balance)),
        ("Available then", shown.plain(statement.closing.balances.available)),
    ] {
        writeln!(to, "<div><dt>{name}</dt><dd>{text}</dd></div>")?;
    }
    writeln!(to, "</dl>")?;
    writeln!(to, "<div class=\"pair\">\n<section>")?;
    kinds(statement, shown, to)?;
    writeln!(to, "</section>\n<section>")?;
    closing(statement, shown, to)?;
    writeln!(to, "</section>\n</div>")
}

fn kinds(statement: &Statement, shown: &Shown, to: &mut dyn Write) -> io::Result<()> {
    let mut kinds: BTreeMap<Kind, (u64, i128)> = BTreeMap::new();
    for line in &statement.lines {
        let (count, sum) = kinds.entry(line.kind).or_default();
        *count += 1;
        *sum += i128::from(line.amount.micros());
    }
    if kinds.is_empty() {
        return writeln!(to, "<p>No credits moved between these two moments.</p>");
    }
    writeln!(to, "<h2 id=\"kinds\">Summary</h2>\n<table aria-labelledby=\"kinds\">")?;
    writeln!(
        to,
        "<thead><tr><th scope=\"col\">What</th><th scope=\"col\" class=\"n\">Lines</th>\
         <th scope=\"col\" class=\"n\">Amount</th></tr></thead>\n<tbody>"
    )?;
    for (kind, (count, sum)) in kinds {
        writeln!(
            to,
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{count}</td><td class=\"n\">{}</td></tr>",
            spaced(kind.as_str()),
            shown.signed(sum)
        )?;
    }
    writeln!(to, "</tbody>\n</table>")
}

fn closing(statement: &Statement, shown: &Shown, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "<h2 id=\"parts\">What the balance consists of</h2>\n<table aria-labelledby=\"parts\">")?;
    writeln!(
        to,
        "<thead><tr><th scope=\"col\">Credits</th><th scope=\"col\" class=\"n\">Opening</th>\
         <th scope=\"col\" class=\"n\">Closing</th></tr></thead>\n<tbody>"
    )?;
    let (before, after) = (&statement.opening, &statement.closing);
    let free = |parts: &Parts| parts.free;
    let held = |parts: &Parts| parts.held;
    let owed = |debt: Credits| shown.signed(-i128::from(debt.micros()));
    for (name, opening, closing) in [
        ("Paid, free", shown.plain(free(&before.paid)), shown.plain(free(&after.paid))),
        ("Paid, held", shown.plain(held(&before.paid)), shown.plain(held(&after.paid))),
        ("Promotional, free", shown.plain(free(&before.promotional)), shown.plain(free(&after.promotional))),
        ("Promotional, held", shown.plain(held(&before.promotional)), shown.plain(held(&after.promotional))),
        ("Debt", owed(before.debt), owed(after.debt)),
    ] {
        writeln!(
            to,
            "<tr><th scope=\"row\">{name}</th><td class=\"n\">{opening}</td><td class=\"n\">{closing}</td></tr>"
        )?;
    }
    writeln!(to, "</tbody>\n</table>")
}
