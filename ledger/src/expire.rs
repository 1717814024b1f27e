//! What runs out: holds and lots. Expiry is an event, never a silent filter.

use events::{Balances, CreditsExpired, HoldExpired, Time};

use crate::{Rejection, decide::Draft, hold};

/// Expires every hold and lot that is due, soonest first, and of two at the same time the hold, whose
/// credits may then expire with their lot.
pub(crate) fn due(draft: &mut Draft) -> Result<(), Rejection> {
    let now = draft.now();
    while let Some(wallet) = draft.wallet() {
        let hold =
            wallet.holds.iter().filter(|hold| hold.expires <= now).min_by_key(|hold| (hold.expires, hold.id));
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
            break;
        }
    }
    Ok(())
}
