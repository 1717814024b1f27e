//! What runs out: holds and lots. Expiry is an event, never a silent filter.

use events::{Balances, CreditsExpired, HoldExpired, Time};

use crate::{Rejection, decide::Draft, hold};

/// Expires everything that is due before a command is decided. Each expiry warns by itself when it
/// makes the credits low, so that the warnings are the same whether a timer or a command came first.
pub(crate) fn before_command(draft: &mut Draft) -> Result<(), Rejection> {
    while next(draft)? {
        draft.warn()?;
    }
    Ok(())
}

/// Expires what a command has brought back too late.
pub(crate) fn due(draft: &mut Draft) -> Result<(), Rejection> {
    while next(draft)? {}
    Ok(())
}

/// Expires the hold or lot that is due first, and of two at the same time the hold, whose credits may
/// then expire with their lot. Whether there was any.
fn next(draft: &mut Draft) -> Result<bool, Rejection> {
    let (now, Some(wallet)) = (draft.now(), draft.wallet()) else { return Ok(false) };
    let holds = wallet.special.holds.iter().filter(|hold| hold.expires <= now);
    let hold = holds.min_by_key(|hold| (hold.expires, hold.id));
    let lot = wallet.lots.first_due(now).copied();
    let lot_is_due = lot.and_then(|lot| lot.terms.expires).unwrap_or(Time::from_micros(i64::MAX));
    if let Some(open) = hold.filter(|hold| hold.expires <= lot_is_due) {
        let (amount, slices, settled) = hold::freed(wallet, open);
        let hold = open.id;
        draft.record(HoldExpired { hold, amount, slices, settled, wallet: Balances::default() })?;
    } else if let Some(lot) = lot {
        let (id, amount) = (lot.id, lot.remaining);
        draft.record(CreditsExpired { lot: id, amount, wallet: Balances::default() })?;
    } else {
        return Ok(false);
    }
    Ok(true)
}
