//! Live lots as an auditor keeps them: small, because there are millions.

use events::{Class, LotTerms, Time};

/// What is left of a lot. Amounts are micro-credits, times microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lot {
    pub(super) id: u64,
    pub(super) left: i64,
    pub(super) terms: Terms,
}

/// In burn-down order: priority, expiry, promotional before paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Terms {
    priority: u8,
    /// The last moment of all, when it never expires.
    expires: i64,
    class: Class,
}

impl Lot {
    /// Of two lots with the same terms the older one is first.
    pub(super) const fn burn_down_key(&self) -> (Terms, u64) {
        (self.terms, self.id)
    }
}

impl Terms {
    pub(super) fn of(terms: &LotTerms) -> Self {
        let expires = terms.expires.map_or(i64::MAX, Time::micros);
        Self { priority: terms.priority, expires, class: terms.class }
    }

    /// Whether a lot with these terms has expired by `time`.
    pub(super) const fn is_due(&self, time: Time) -> bool {
        self.expires <= time.micros()
    }
}
