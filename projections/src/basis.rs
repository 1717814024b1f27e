//! What lots cost, and what of that has not been earned yet.

use events::{Credits, Currency, Event, IdMap, Position, half_even};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// What a purchase cost: the basis of deferred revenue. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Credits bought.
    pub amount: Credits,
    /// What was paid, in millionths of the currency's main unit.
    pub paid: i64,
    /// The currency.
    pub currency: Currency,
}

/// Bases of lots that may come back to life, by the lot's position.
pub type Bases = IdMap<Position, Basis>;

impl Basis {
    /// The basis of the lot that this event makes: purchases whose price is known have one. Prices
    /// finer than a millionth are rounded, halves to the even one.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let Event::CreditsPurchased(purchase) = event else {
            return None;
        };
        let price = purchase.price_paid?;
        let paid = Credits::try_from(price.amount.round_dp(6)).ok()?.micros();
        (paid != 0).then_some(Self { amount: purchase.amount, paid, currency: price.currency })
    }

    /// The lots that this event may bring back to life, and the one whose price it gives back: whoever
    /// folds it must know their bases.
    pub fn needed_by(event: &Event) -> impl Iterator<Item = Position> {
        let (slices, refunded) = match event {
            Event::DeductionRolledBack(e) => (e.slices.as_slice(), None),
            Event::PurchaseRefunded(e) => (&[] as &[_], Some(e.purchase)),
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => (&[] as &[_], None),
        };
        slices.iter().map(|slice| slice.lot).chain(refunded)
    }

    /// The deferred revenue of what remains of the lot, in millionths of the currency's main unit:
    /// its share of the price, rounded once, halves to the even one.
    #[must_use]
    pub fn value(&self, remaining: Credits) -> i64 {
        let product = i128::from(self.paid) * i128::from(remaining.micros());
        // More than nothing was bought and no more remains, so the share is at most the price.
        half_even(product, i128::from(self.amount.micros())).unwrap_or(self.paid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(paid: i64, amount: i64, remaining: i64) -> i64 {
        let currency = Currency::parse("EUR").expect("a currency");
        Basis { amount: Credits::from_micros(amount), paid, currency }.value(Credits::from_micros(remaining))
    }

    #[test]
    fn the_share_is_rounded_once_and_halves_to_even() {
        assert_eq!(value(10_000_000, 3, 1), 3_333_333);
        assert_eq!(value(10_000_000, 3, 2), 6_666_667);
        assert_eq!((value(1, 2, 1), value(3, 2, 1), value(5, 2, 1)), (0, 2, 2));
        assert_eq!((value(7, 9, 9), value(7, 9, 0)), (7, 0));
        assert_eq!(value(i64::MAX, i64::MAX, i64::MAX), i64::MAX);
    }
}
