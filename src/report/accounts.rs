//! The accounts of a statement's double entries. The wallet holds assets, debt among them as a
//! negative one, so that the account `Assets:Wallet-…` as a whole is the balance that events state.

use events::{Class, WalletId};

use super::{
    statement::{Kind, Line},
    text::segment,
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Account {
    /// All of the wallet; nothing is posted to it.
    Wallet,
    /// Credits of a class that no hold reserves.
    Free(Class),
    /// Credits of a class that holds reserve.
    Held(Class),
    /// What was overdrawn or taken back after it was spent.
    Debt,
    /// What the wallet held before the statement.
    Opening,
    /// Where bought credits come from.
    Purchases,
    /// Where given credits come from.
    Grants,
    /// What a service has consumed, less what was given back.
    Consumption(String),
    /// What expired.
    Expired,
    /// Where credits go that are taken back.
    Refunds,
    /// Where corrections come from and go to.
    Adjustments,
}

/// The accounts of the wallet itself, in the order of their balances in a journal.
pub(super) const OWN: [Account; 5] = [
    Account::Free(Class::Paid),
    Account::Held(Class::Paid),
    Account::Free(Class::Promotional),
    Account::Held(Class::Promotional),
    Account::Debt,
];

impl Account {
    /// Its name, in the rules that hledger and Beancount share.
    pub(super) fn name(&self, wallet: WalletId) -> String {
        let class = |class: &Class| match class {
            Class::Paid => "Paid",
            Class::Promotional => "Promotional",
        };
        match self {
            Self::Wallet => format!("Assets:Wallet-{wallet}"),
            Self::Free(of) => format!("Assets:Wallet-{wallet}:{}:Free", class(of)),
            Self::Held(of) => format!("Assets:Wallet-{wallet}:{}:Held", class(of)),
            Self::Debt => format!("Assets:Wallet-{wallet}:Debt"),
            Self::Opening => format!("Equity:Wallet-{wallet}:Opening"),
            Self::Purchases => format!("Equity:Wallet-{wallet}:Purchases"),
            Self::Grants => format!("Income:Wallet-{wallet}:Grants"),
            Self::Consumption(service) => format!("Expenses:Wallet-{wallet}:Consumption:{service}"),
            Self::Expired => format!("Expenses:Wallet-{wallet}:Expired"),
            Self::Refunds => format!("Equity:Wallet-{wallet}:Refunds"),
            Self::Adjustments => format!("Equity:Wallet-{wallet}:Adjustments"),
        }
    }

    /// The other side of a line; none for what only moves within the wallet.
    pub(super) fn counter(line: &Line) -> Option<Self> {
        Some(match line.kind {
            Kind::Purchase => Self::Purchases,
            Kind::Grant => Self::Grants,
            Kind::Deduction | Kind::Capture | Kind::Rollback => {
                Self::Consumption(segment(line.service.as_deref().unwrap_or_default()))
            }
            Kind::Expiry => Self::Expired,
            Kind::Refund | Kind::Chargeback => Self::Refunds,
            Kind::Adjustment => Self::Adjustments,
            Kind::Hold | Kind::Release | Kind::HoldExpiry => return None,
        })
    }
}
