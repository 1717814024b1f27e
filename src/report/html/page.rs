//! What stands above and below the lines.

use std::io::{self, Write};

use super::moment;
use crate::report::Statement;

const STYLE: &str = include_str!("style.css");

/// The policy lets the page load and run nothing, even if a text were not escaped.
pub(super) fn header(statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
    let (of, from, until) = (&statement.of, &statement.from, &statement.to);
    writeln!(
        to,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Statement of wallet {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>",
        of.wallet
    )?;
    writeln!(to, "<h1>Statement of credits</h1>")?;
    writeln!(to, "<p class=\"period\">{} to {} UTC</p>", moment(from.time), moment(until.time))?;
    if statement.next.is_some() {
        writeln!(to, "<p class=\"more\">A part of a longer statement: more follows after it.</p>")?;
    }
    writeln!(
        to,
        "<dl class=\"names\">\n<dt>Wallet</dt><dd>{}</dd>\n<dt>Organization</dt><dd>{}</dd>\n\
         <dt>Ledger</dt><dd>{}</dd>\n<dt>Positions</dt><dd>{} to before {}</dd>\n</dl>",
        of.wallet, of.organization, of.ledger, from.position, until.position
    )
}

pub(super) fn footer(statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
    writeln!(
        to,
        "<footer><p>{} lines. Computed from the events of the ledger: every amount is the sum of what \
         its lots gained and lost, and every balance the one before it plus the amount. Checks, refusals \
         and settings move no credits and have no line.</p></footer>\n</main>\n</body>\n</html>",
        statement.lines.len()
    )
}
