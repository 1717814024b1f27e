//! Statements as pages to read and to print: one file that loads nothing, whatever texts users chose.

mod page;
mod summary;

use std::io::{self, Write};

use events::{Credits, Position, Time};

use self::page::{footer, header};
use super::{
    Statement,
    sheet::class,
    statement::{Edge, Line, LotMove, Standing},
    text::{decimals, for_people, html, spaced},
};

/// Writes the page.
pub(super) fn write(statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
    let shown = Shown::of(statement);
    header(statement, to)?;
    summary::write(statement, &shown, to)?;
    writeln!(to, "<h2 id=\"lines\">What moved</h2>\n<table class=\"lines\" aria-labelledby=\"lines\">")?;
    writeln!(to, "<caption>Amounts in credits, times in UTC, oldest first</caption>")?;
    writeln!(
        to,
        "<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">What</th><th scope=\"col\" class=\"n\">Amount</th>\
         <th scope=\"col\" class=\"n\">Balance</th><th scope=\"col\" class=\"n\">Reserved</th></tr></thead>\n<tbody>"
    )?;
    edge("Opening balance", &statement.from, &statement.opening, &shown, to)?;
    statement.lines.iter().try_for_each(|line| row(line, &shown, to))?;
    edge("Closing balance", &statement.to, &statement.closing, &shown, to)?;
    writeln!(to, "</tbody>\n</table>")?;
    if let Some(next) = statement.next {
        more_follows(next, to)?;
    }
    footer(statement, to)
}

fn more_follows(next: Position, to: &mut dyn Write) -> io::Result<()> {
    writeln!(
        to,
        "<p class=\"more\">This is a part of a longer statement: more follows. The next part begins at position \
         {next} with this closing balance.</p>"
    )
}

/// How amounts are shown: all with as many decimals as one of them needs, but two at least.
struct Shown {
    decimals: usize,
}

impl Shown {
    fn of(statement: &Statement) -> Self {
        let edges = [&statement.opening, &statement.closing].into_iter().flat_map(|standing| {
            [
                standing.balances.balance,
                standing.balances.available,
                standing.balances.reserved,
                standing.debt,
                standing.paid.free,
                standing.paid.held,
                standing.promotional.free,
                standing.promotional.held,
            ]
        });
        let lines = statement.lines.iter().flat_map(|line| {
            let moved = line.lots.iter().flat_map(|lot| [lot.free, lot.held]);
            moved.chain([line.amount, line.balance, line.reserved, line.debt_change, line.overdrawn])
        });
        let needed = edges.chain(lines).map(|credits| decimals(credits.micros())).max();
        Self { decimals: needed.unwrap_or(0).max(2) }
    }

    /// An amount that something has.
    fn plain(&self, credits: Credits) -> String {
        for_people(i128::from(credits.micros()), self.decimals)
    }

    /// An amount that something gains or loses.
    fn signed(&self, micros: i128) -> String {
        let sign = if micros > 0 { "+" } else { "" };
        format!("{sign}{}", for_people(micros, self.decimals))
    }
}

fn edge(name: &str, edge: &Edge, standing: &Standing, shown: &Shown, to: &mut dyn Write) -> io::Result<()> {
    writeln!(
        to,
        "<tr class=\"edge\"><td>{}</td><th scope=\"row\">{name}</th><td></td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        moment(edge.time),
        shown.plain(standing.balances.balance),
        shown.plain(standing.balances.reserved)
    )
}

fn row(line: &Line, shown: &Shown, to: &mut dyn Write) -> io::Result<()> {
    let minus = if line.amount < Credits::ZERO { " minus" } else { "" };
    writeln!(
        to,
        "<tr><td>{}</td><td class=\"what\"><b>{}</b>{}<small>{}</small></td><td class=\"n{minus}\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        moment(line.time),
        spaced(line.kind.as_str()),
        line.words().map(|word| format!(" <bdi>{}</bdi>", html(word))).collect::<Vec<_>>().join(","),
        details(line, shown),
        shown.signed(i128::from(line.amount.micros())),
        shown.plain(line.balance),
        shown.plain(line.reserved)
    )
}

/// Position, app, and lots.
fn details(line: &Line, shown: &Shown) -> String {
    let mut parts = vec![format!("position {}", line.position)];
    parts.extend(line.refers_to.map(|position| format!("about position {position}")));
    parts.extend(line.app.map(|app| format!("app {app}")));
    parts.extend(line.lots.iter().map(|moved| lot(moved, shown)));
    if !line.debt_change.is_zero() {
        parts.push(format!("debt {}", shown.signed(i128::from(line.debt_change.micros()))));
    }
    if !line.overdrawn.is_zero() {
        parts.push(format!("{} on the credit limit", shown.plain(line.overdrawn)));
    }
    parts.join(" \u{b7} ")
}

fn lot(moved: &LotMove, exact: &Shown) -> String {
    let part = |credits: Credits, name: &str| {
        let shown = (!credits.is_zero()).then(|| exact.signed(i128::from(credits.micros())));
        shown.map(|amount| format!("{amount} {name}"))
    };
    let parts = [part(moved.free, "free"), part(moved.held, "held")];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    format!("lot {} ({}): {}", moved.lot, class(moved.class), parts.join(", "))
}

/// A moment, to the second for people and exactly for programs.
fn moment(time: Time) -> String {
    let exact = time.to_string();
    let (date, rest) = exact.split_once('T').unwrap_or((&exact, ""));
    let clock = rest.split('.').next().unwrap_or(rest);
    format!("<time datetime=\"{exact}\">{date} {clock}</time>")
}
