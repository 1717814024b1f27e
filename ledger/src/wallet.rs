//! A wallet as decisions see it.

use events::{Balances, Credits, OrgId, Position};

use crate::Lots;

/// The state of one open wallet. `reserved <= balance`, and the lots add up to the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// The organization it belongs to.
    pub org: OrgId,
    /// All credits.
    pub balance: Credits,
    /// What holds reserve.
    pub reserved: Credits,
    /// How many events have changed it.
    pub account_seq: u64,
    /// Its last event, checks and refusals included.
    pub last: Position,
    /// Its live lots.
    pub lots: Lots,
}

impl Wallet {
    /// What can be spent.
    #[must_use]
    pub fn available(&self) -> Credits {
        // Reserved credits are part of the balance, so this cannot leave the range.
        self.balance.checked_sub(self.reserved).unwrap_or(Credits::ZERO)
    }

    /// The amounts that every event about the wallet states.
    #[must_use]
    pub fn balances(&self) -> Balances {
        Balances { balance: self.balance, available: self.available(), reserved: self.reserved }
    }

    /// The amounts after `amount` more; `None` beyond the range.
    pub(crate) fn balances_after_credit(&self, amount: Credits) -> Option<Balances> {
        let balance = self.balance.checked_add(amount)?;
        Some(Balances { balance, available: balance.checked_sub(self.reserved)?, reserved: self.reserved })
    }

    /// The amounts after `amount` less; `None` beyond the range.
    pub(crate) fn balances_after_debit(&self, amount: Credits) -> Option<Balances> {
        let balance = self.balance.checked_sub(amount)?;
        Some(Balances { balance, available: balance.checked_sub(self.reserved)?, reserved: self.reserved })
    }
}
