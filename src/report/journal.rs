//! A statement as double entries, before they are written in a journal's syntax.

use std::collections::BTreeSet;

use events::{AppId, Class, Position, Time};

use super::{
    Statement,
    accounts::{Account, OWN},
    statement::{Line, Standing},
    text::spaced,
};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// What stands in a journal, in order.
pub(super) enum Item<'a> {
    /// Credits moved.
    Transaction(Transaction<'a>),
    /// A hold on the credit limit, which no account shows: it moves no credits of a lot.
    Overdrawn(&'a Line),
    /// What the accounts must hold at the end of a day.
    Check(Check),
}

/// One transaction; its postings add up to zero.
pub(super) struct Transaction<'a> {
    pub(super) time: Time,
    /// The event; none of the opening.
    pub(super) line: Option<&'a Line>,
    pub(super) postings: Vec<Posting>,
}

/// One posting, in micro-credits.
pub(super) struct Posting {
    pub(super) account: Account,
    pub(super) micros: i128,
    /// What an account of the wallet holds afterwards.
    pub(super) after: Option<i128>,
}

/// What the wallet must hold after the last line of a day.
pub(super) struct Check {
    pub(super) time: Time,
    /// The balance that the day's last event states.
    pub(super) balance: i128,
    /// The wallet's own accounts, as in [`OWN`].
    pub(super) own: [i128; 5],
}

/// A statement as double entries.
pub(super) struct Journal<'a> {
    /// Every account that is named in it.
    pub(super) accounts: BTreeSet<Account>,
    pub(super) items: Vec<Item<'a>>,
}

impl<'a> Journal<'a> {
    /// The double entries of a statement: the opening, each line, a check at the end of each day,
    /// and one of the closing.
    pub(super) fn of(statement: &'a Statement) -> Self {
        let accounts = OWN.into_iter().chain([Account::Wallet]).collect();
        let mut journal = Self { accounts, items: Vec::new() };
        let mut own = [0; 5];
        let opening = own_accounts(&statement.opening);
        let balance = i128::from(statement.opening.balances.balance.micros());
        journal.transaction(&mut own, statement.from.time, None, opening, (Account::Opening, -balance));
        for (at, line) in statement.lines.iter().enumerate() {
            let amount = i128::from(line.amount.micros());
            let counter = Account::counter(line).unwrap_or(Account::Wallet);
            journal.transaction(&mut own, line.time, Some(line), changes(line), (counter, -amount));
            let next = statement.lines.get(at + 1);
            if next.is_some_and(|next| date(next.time) != date(line.time)) {
                let balance = i128::from(line.balance.micros());
                journal.items.push(Item::Check(Check { time: line.time, balance, own }));
            }
        }
        let balance = i128::from(statement.closing.balances.balance.micros());
        let time = statement.lines.last().map_or(statement.from.time, |line| line.time);
        // The closing was not computed from the lines, so the lines are proved by it.
        let own = own_accounts(&statement.closing);
        journal.items.push(Item::Check(Check { time, balance, own }));
        journal
    }

    fn transaction(
        &mut self,
        own: &mut [i128; 5],
        time: Time,
        line: Option<&'a Line>,
        changes: [i128; 5],
        (counter, amount): (Account, i128),
    ) {
        let mut postings = Vec::new();
        for ((account, change), after) in OWN.into_iter().zip(changes).zip(own) {
            *after += change;
            if change != 0 {
                postings.push(Posting { account, micros: change, after: Some(*after) });
            }
        }
        if amount != 0 {
            self.accounts.insert(counter.clone());
            postings.push(Posting { account: counter, micros: amount, after: None });
        }
        if !postings.is_empty() {
            self.items.push(Item::Transaction(Transaction { time, line, postings }));
        }
        self.items.extend(line.filter(|line| !line.overdrawn.is_zero()).map(Item::Overdrawn));
    }
}

/// What the wallet's own accounts hold, as in [`OWN`].
fn own_accounts(standing: &Standing) -> [i128; 5] {
    let (paid, promotional) = (&standing.paid, &standing.promotional);
    let debt = -i128::from(standing.debt.micros());
    let [a, b, c, d] = [paid.free, paid.held, promotional.free, promotional.held]
        .map(|credits| i128::from(credits.micros()));
    [a, b, c, d, debt]
}

/// How a line changes the wallet's own accounts, as in [`OWN`].
fn changes(line: &Line) -> [i128; 5] {
    let sum = |class: Class| {
        let moves = line.lots.iter().filter(move |lot| lot.class == class);
        moves.fold((0, 0), |(free, held), lot| {
            (free + i128::from(lot.free.micros()), held + i128::from(lot.held.micros()))
        })
    };
    let (paid, promotional) = (sum(Class::Paid), sum(Class::Promotional));
    [paid.0, paid.1, promotional.0, promotional.1, -i128::from(line.debt_change.micros())]
}

impl Transaction<'_> {
    /// What it says, in words of ours and of users.
    pub(super) fn title(&self) -> String {
        self.line.map_or_else(|| "opening balance".to_owned(), title)
    }

    /// Names and values of what else is known, none of it a user's text.
    pub(super) fn tags(&self) -> Vec<(&'static str, String)> {
        let Some(line) = self.line else { return Vec::new() };
        let mut tags = vec![
            ("position", line.position.to_string()),
            ("kind", line.kind.as_str().to_owned()),
            ("time", line.time.to_string()),
        ];
        tags.extend(line.refers_to.map(|position: Position| ("refers-to", position.to_string())));
        tags.extend(line.app.map(|app: AppId| ("app", app.to_string())));
        tags
    }
}

/// A line in words.
pub(super) fn title(line: &Line) -> String {
    let words: Vec<_> = line.words().collect();
    let kind = spaced(line.kind.as_str());
    if words.is_empty() { kind.into_owned() } else { format!("{kind}: {}", words.join(", ")) }
}

/// A day in UTC, such as `2026-11-21`.
pub(super) fn date(time: Time) -> String {
    let mut text = time.to_string();
    text.truncate(text.find('T').unwrap_or(text.len()));
    text
}

/// The day after.
pub(super) fn day_after(time: Time) -> String {
    date(time.plus_micros(DAY))
}
