//! Credits that run out: expiry is an event, never a silent filter.

use events::{CreditsExpired, Time};

use crate::{Rejection, decide::Draft, evolve::EvolveError};

/// Expires every lot that is due at `now`, soonest first.
pub(crate) fn due(draft: &mut Draft, now: Time) -> Result<(), Rejection> {
    while let Some((lot, wallet)) = draft.wallet().and_then(|w| Some((*w.lots.first_due(now)?, w))) {
        let balances = wallet.balances_after_debit(lot.remaining).ok_or(EvolveError::Balance)?;
        draft.record(CreditsExpired { lot: lot.id, amount: lot.remaining, wallet: balances })?;
    }
    Ok(())
}
