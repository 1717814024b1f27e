//! Statements as journals of hledger (<https://hledger.org/hledger.html#journal>). `hledger check
//! --strict` proves that the postings of each transaction add up, and that after each one, at the end
//! of each day and at the end, the accounts hold what the statement says.

use std::io::{self, Write};

use events::WalletId;

use super::{
    Statement,
    accounts::{Account, OWN},
    journal::{Check, Item, Journal, Transaction, date, title},
    text,
};

/// Writes the journal.
pub(super) fn write(statement: &Statement, to: &mut dyn Write) -> io::Result<()> {
    let (wallet, journal) = (statement.of.wallet, Journal::of(statement));
    let (from, until) = (&statement.from, &statement.to);
    writeln!(to, "; Statement of wallet {wallet}")?;
    writeln!(to, "; ledger {}, organization {}", statement.of.ledger, statement.of.organization)?;
    writeln!(
        to,
        "; from position {} ({}) to before position {} ({})",
        from.position, from.time, until.position, until.time
    )?;
    if let Some(next) = statement.next {
        writeln!(to, "; more follows: the next part begins at position {next}")?;
    }
    writeln!(to, "; check it with: hledger check --strict -f FILE")?;
    writeln!(to, "\ncommodity 1000.000000 CREDIT\n")?;
    for account in &journal.accounts {
        writeln!(to, "account {}", account.name(wallet))?;
    }
    for item in &journal.items {
        writeln!(to)?;
        match item {
            Item::Transaction(transaction) => entry(transaction, wallet, to)?,
            Item::Overdrawn(line) => writeln!(
                to,
                "; {} ({}) {}: {} reserved on the credit limit",
                date(line.time),
                line.position,
                text::hledger(&title(line)),
                line.overdrawn
            )?,
            Item::Check(check) => balances(check, wallet, to)?,
        }
    }
    Ok(())
}

fn entry(transaction: &Transaction<'_>, wallet: WalletId, to: &mut dyn Write) -> io::Result<()> {
    let code = transaction.line.map_or_else(|| "opening".to_owned(), |line| line.position.to_string());
    writeln!(to, "{} * ({code}) {}", date(transaction.time), text::hledger(&transaction.title()))?;
    let tags: Vec<_> = transaction.tags().iter().map(|(name, value)| format!("{name}:{value}")).collect();
    if !tags.is_empty() {
        writeln!(to, "    ; {}", tags.join(", "))?;
    }
    for posting in &transaction.postings {
        let amount = text::six_decimals(posting.micros);
        write!(to, "    {:<72}  {amount:>20} CREDIT", posting.account.name(wallet))?;
        match posting.after {
            Some(after) => writeln!(to, " = {} CREDIT", text::six_decimals(after))?,
            None => writeln!(to)?,
        }
    }
    Ok(())
}

/// A transaction of nothing that asserts every balance; `=*` counts the accounts below as well.
fn balances(check: &Check, wallet: WalletId, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{} * (check) balances", date(check.time))?;
    let all = [(Account::Wallet, "=*", check.balance)];
    let own = OWN.into_iter().zip(check.own).map(|(account, micros)| (account, "=", micros));
    for (account, sign, micros) in all.into_iter().chain(own) {
        let amount = text::six_decimals(micros);
        writeln!(to, "    {:<72}  {:>20} CREDIT {sign} {amount} CREDIT", account.name(wallet), "0.000000")?;
    }
    Ok(())
}
