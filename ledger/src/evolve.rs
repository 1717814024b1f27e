//! What an event makes of a wallet.

use events::{Credits, Event, OrgId, Position, Recorded};

use crate::{Lots, Wallet};

/// Why an event cannot follow a wallet's state: the log is corrupt or from a faulty writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvolveError {
    /// The event needs an open wallet, or a wallet not yet open.
    #[error("the wallet is not in the state that the event needs")]
    Opening,
    /// A slice takes more than its lot holds, gives beyond the range or is not above zero, or the
    /// slices are not the stated amount.
    #[error("a slice does not fit its lot, or the slices do not fit the amount")]
    Slice,
    /// The stated balance is not what the slices make.
    #[error("the stated balance is not the sum of what happened")]
    Balance,
    /// `previous` is not the wallet's last event, or `accountseq` is not the next number.
    #[error("the event does not follow the wallet's last one")]
    Chain,
    /// The event is about no wallet, or about another organization's.
    #[error("the event is not about a wallet of this organization")]
    Subject,
}

/// The wallet after a stored event, with all that the event states checked.
///
/// # Errors
/// When the event cannot follow `wallet`.
pub fn evolve(wallet: Option<Wallet>, recorded: &Recorded) -> Result<Wallet, EvolveError> {
    let envelope = &recorded.envelope;
    if envelope.previous != wallet.as_ref().map(|wallet| wallet.last) {
        return Err(EvolveError::Chain);
    }
    let org = envelope.org.ok_or(EvolveError::Subject)?;
    let next = apply(wallet, &recorded.event, envelope.position, org)?;
    if envelope.account_seq != Some(next.account_seq) { Err(EvolveError::Chain) } else { Ok(next) }
}

/// The wallet after `event` at `position`.
pub(crate) fn apply(
    wallet: Option<Wallet>,
    event: &Event,
    position: Position,
    org: OrgId,
) -> Result<Wallet, EvolveError> {
    let mut wallet = match (wallet, event) {
        (None, Event::WalletOpened(_)) => Wallet {
            org,
            balance: Credits::ZERO,
            reserved: Credits::ZERO,
            account_seq: 0,
            last: position,
            lots: Lots::default(),
        },
        (None, _) | (Some(_), Event::WalletOpened(_)) => return Err(EvolveError::Opening),
        (Some(wallet), _) if wallet.org != org => return Err(EvolveError::Subject),
        (Some(wallet), _) => wallet,
    };
    let stated = event.balances().ok_or(EvolveError::Subject)?;
    move_credits(&mut wallet, event, position).ok_or(EvolveError::Slice)?;
    if *stated != wallet.balances() {
        return Err(EvolveError::Balance);
    }
    wallet.account_seq += u64::from(event.changes_wallet());
    wallet.last = position;
    Ok(wallet)
}

/// Moves the event's credits into and out of lots; `None` when a slice does not fit.
fn move_credits(wallet: &mut Wallet, event: &Event, position: Position) -> Option<()> {
    match event {
        Event::CreditsPurchased(e) => {
            wallet.lots.give(position, e.amount, e.lot)?;
            wallet.balance = wallet.balance.checked_add(e.amount)?;
        }
        Event::CreditsGranted(e) => {
            wallet.lots.give(position, e.amount, e.lot)?;
            wallet.balance = wallet.balance.checked_add(e.amount)?;
        }
        Event::CreditsDeducted(e) => {
            let mut sum = Credits::ZERO;
            for slice in &e.slices {
                wallet.lots.take(slice.lot, slice.amount)?;
                sum = sum.checked_add(slice.amount)?;
            }
            wallet.balance = wallet.balance.checked_sub(e.cost).filter(|_| sum == e.cost)?;
        }
        Event::DeductionRolledBack(e) => {
            let mut sum = Credits::ZERO;
            for slice in &e.slices {
                wallet.lots.give(slice.lot, slice.amount, slice.terms)?;
                sum = sum.checked_add(slice.amount)?;
            }
            wallet.balance = wallet.balance.checked_add(e.amount).filter(|_| sum == e.amount)?;
        }
        Event::CreditsExpired(e) => {
            wallet.lots.take(e.lot, e.amount)?;
            wallet.balance = wallet.balance.checked_sub(e.amount)?;
        }
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CommandRefused(_)
        | Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => {}
    }
    Some(())
}
