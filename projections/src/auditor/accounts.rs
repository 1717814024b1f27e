//! All wallets as an auditor recomputes them.

use events::{Event, IdMap, OrgId, Position, Recorded, WalletId};

use super::{Wrong, account::Account};

/// All wallets.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_wallet: IdMap<WalletId, Account>,
    orgs: Vec<OrgId>,
}

impl Accounts {
    pub(super) fn get(&self, wallet: WalletId) -> Option<&Account> {
        self.by_wallet.get(&wallet)
    }

    pub(super) fn len(&self) -> usize {
        self.by_wallet.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (WalletId, &Account)> {
        self.by_wallet.iter().map(|(wallet, account)| (*wallet, account))
    }

    /// Applies a wallet's event, before which a decision begins or not, and holds everything it states
    /// against the result; returns the account's number.
    pub(super) fn apply(
        &mut self,
        wallet: WalletId,
        recorded: &Recorded,
        begins: bool,
    ) -> Result<u32, Wrong> {
        let envelope = &recorded.envelope;
        let org = envelope.org.ok_or("it names no organization")?;
        let Some(account) = self.by_wallet.get_mut(&wallet) else {
            return self.open(wallet, org, recorded);
        };
        if self.orgs.get(account.org as usize) != Some(&org) {
            return Err(format!("it names organization {org}, which the wallet does not belong to"));
        }
        if envelope.previous != Some(Position(account.last)) {
            return Err(format!(
                "`previous` is {:?}, the wallet's last event is {}",
                envelope.previous, account.last
            ));
        }
        if begins {
            account.begin_decision()?;
        }
        account.last = envelope.position.get();
        account.seq += u64::from(recorded.event.changes_wallet());
        account.perform(&recorded.event, envelope)?;
        account.owes_nothing_it_could_pay()?;
        states(account, recorded)?;
        Ok(account.number)
    }

    fn open(&mut self, wallet: WalletId, org: OrgId, recorded: &Recorded) -> Result<u32, Wrong> {
        let envelope = &recorded.envelope;
        if !matches!(recorded.event, Event::WalletOpened(_)) {
            return Err(format!("wallet {wallet} was never opened"));
        }
        if let Some(previous) = envelope.previous {
            return Err(format!("`previous` is {previous}, yet it is the wallet's first event"));
        }
        let known = self.orgs.iter().rposition(|seen| *seen == org);
        let org_number = known.unwrap_or_else(|| {
            self.orgs.push(org);
            self.orgs.len() - 1
        });
        let number = self.by_wallet.len() as u32;
        let account = Account::new(envelope.position.get(), org_number as u32, number);
        states(&account, recorded)?;
        self.by_wallet.insert(wallet, account);
        Ok(number)
    }
}

/// Holds what the event states of the wallet against the wallet.
fn states(account: &Account, recorded: &Recorded) -> Result<(), Wrong> {
    if recorded.envelope.account_seq != Some(account.seq) {
        let stated = recorded.envelope.account_seq;
        return Err(format!(
            "`accountseq` is {stated:?}, but {} events have changed the wallet",
            account.seq
        ));
    }
    let stated = recorded.event.balances().ok_or("it states no balance")?;
    if account.states(stated) {
        return Ok(());
    }
    Err(format!(
        "it states a balance of {} ({} available), its slices make {}",
        stated.balance,
        stated.available,
        account.balance()
    ))
}
