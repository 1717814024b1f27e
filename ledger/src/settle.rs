//! Debt is paid at once by whatever comes in.

use events::{Credits, LotTerms, Position, Slices};

use crate::Wallet;

/// The slices that pay `debt` once these credits have come into the wallet's lots. None when there
/// is no debt, which is nearly always.
pub(crate) fn with(
    wallet: &Wallet,
    incoming: impl IntoIterator<Item = (Position, Credits, LotTerms)>,
    debt: Credits,
) -> Slices {
    if !debt.is_positive() {
        return Slices::new();
    }
    let mut lots = wallet.lots.clone();
    for (lot, amount, terms) in incoming {
        // What does not fit is refused elsewhere.
        let _ = lots.give(lot, amount, terms);
    }
    lots.burn_down(debt).0
}
