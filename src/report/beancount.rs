//! Statements as journals of Beancount (<https://beancount.github.io/docs/beancount_language_syntax.html>).
//! `bean-check` proves that the postings of each transaction add up, and that at the end of each day
//! the accounts hold what the statement says. Its balances hold at the beginning of a day, so that
//! those of a day's end carry the next date; `~ 0` takes away their tolerance.

use std::io::{self, Write};

use events::{Time, WalletId};

use super::{
    Statement,
    accounts::{Account, OWN},
    journal::{Check, Item, Journal, Transaction, date, day_after, title},
    text,
};

/// Writes the journal.
pub(super) fn write(statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
    let (wallet, journal) = (statement.of.wallet, Journal::of(statement));
    let (from, until) = (&statement.from, &statement.to);
    writeln!(to, "; Ledger {}, organization {}", statement.of.ledger, statement.of.organization)?;
    writeln!(
        to,
        "; from position {} ({}) to before position {} ({})",
        from.position, from.time, until.position, until.time
    )?;
    if let Some(next) = statement.next {
        writeln!(to, "; more follows: the next part begins at position {next}")?;
    }
    writeln!(to, "option \"title\" \"Statement of wallet {wallet}\"")?;
    writeln!(to, "option \"operating_currency\" \"CREDIT\"\n")?;
    let opened = date(opened(statement));
    writeln!(to, "{opened} commodity CREDIT")?;
    for account in &journal.accounts {
        writeln!(to, "{opened} open {} CREDIT", account.name(wallet))?;
    }
    for item in &journal.items {
        writeln!(to)?;
        match item {
            Item::Transaction(transaction) => entry(transaction, wallet, to)?,
            Item::Overdrawn(line) => {
                let words = format!(
                    "{} ({}): {} reserved on the credit limit",
                    title(line),
                    line.position,
                    line.overdrawn
                );
                writeln!(
                    to,
                    "{} note {} {}",
                    date(line.time),
                    Account::Wallet.name(wallet),
                    text::beancount(&words)
                )?;
            }
            Item::Check(check) => balances(check, wallet, to)?,
        }
    }
    Ok(())
}

/// No account may be used before it is opened.
fn opened(statement: &Statement) -> Time {
    let first = statement.lines.first().map_or(statement.from.time, |line| line.time);
    first.min(statement.from.time)
}

fn entry(transaction: &Transaction<'_>, wallet: WalletId, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{} * {}", date(transaction.time), text::beancount(&transaction.title()))?;
    for (name, value) in transaction.tags() {
        writeln!(to, "  {name}: {}", text::beancount(&value))?;
    }
    for posting in &transaction.postings {
        let amount = text::six_decimals(posting.micros);
        writeln!(to, "  {:<72}  {amount:>20} CREDIT", posting.account.name(wallet))?;
    }
    Ok(())
}

/// An account's balance counts the accounts below it as well.
fn balances(check: &Check, wallet: WalletId, to: &mut dyn Write) -> io::Result<()> {
    let (day, all) = (day_after(check.time), [(Account::Wallet, check.balance)]);
    for (account, micros) in all.into_iter().chain(OWN.into_iter().zip(check.own)) {
        writeln!(
            to,
            "{day} balance {:<72}  {:>20} ~ 0 CREDIT",
            account.name(wallet),
            text::six_decimals(micros)
        )?;
    }
    Ok(())
}
