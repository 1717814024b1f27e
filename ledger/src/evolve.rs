//! What an event makes of a wallet.

use events::{AppId, Credits, Event, OrgId, Position, Recorded, Time};
use serde::{Deserialize, Serialize};

use crate::{Wallet, moves};

/// Why an event cannot follow a wallet's state: the log is corrupt or from a faulty writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum EvolveError {
    /// The event needs an open wallet, or a wallet not yet open.
    #[error("the wallet is not in the state that the event needs")]
    Opening,
    /// A slice takes more than its lot or hold has, gives beyond the range or is not above zero, the
    /// slices are not the stated amount, or debt is left that a lot could pay.
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

/// What of an event's envelope moves credits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) position: Position,
    pub(crate) org: OrgId,
    pub(crate) app: Option<AppId>,
    pub(crate) time: Time,
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
    let moment = Moment { position: envelope.position, org, app: envelope.app, time: envelope.time };
    let next = apply(wallet, &recorded.event, moment)?;
    let stated = recorded.event.balances().ok_or(EvolveError::Subject)?;
    if *stated != next.balances() {
        return Err(EvolveError::Balance);
    }
    if envelope.account_seq != Some(next.account_seq) { Err(EvolveError::Chain) } else { Ok(next) }
}

/// The wallet after `event`, whatever balances the event states.
pub(crate) fn apply(wallet: Option<Wallet>, event: &Event, moment: Moment) -> Result<Wallet, EvolveError> {
    let mut wallet = match (wallet, event) {
        (None, Event::WalletOpened(_)) => Wallet::empty(moment.org, moment.position),
        (None, _) | (Some(_), Event::WalletOpened(_)) => return Err(EvolveError::Opening),
        (Some(wallet), _) if wallet.org != moment.org => return Err(EvolveError::Subject),
        (Some(wallet), _) => wallet,
    };
    if event.balances().is_none() {
        return Err(EvolveError::Subject);
    }
    moves::by(&mut wallet, event, moment).ok_or(EvolveError::Slice)?;
    if wallet.debt < Credits::ZERO || wallet.debt.is_positive() && !wallet.lots.is_empty() {
        return Err(EvolveError::Slice);
    }
    wallet.special.tidy();
    wallet.account_seq += u64::from(event.changes_wallet());
    wallet.last = moment.position;
    Ok(wallet)
}
