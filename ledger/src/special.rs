//! What few wallets have, kept apart so that the many others are small: every decision copies a wallet.

use std::ops::{Deref, DerefMut};

use events::Credits;

use crate::{Cap, OpenHold};

/// What makes a wallet special, if anything does. It reads as [`Terms`], of which a plain wallet has the
/// default; writing to it makes room for them, so whoever has nothing to write takes care not to.
#[derive(Debug, Clone, Default)]
pub struct Special(Option<Box<Terms>>);

/// What was agreed for a wallet, and what is reserved in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The agreed overdraft, zero or more.
    pub limit: Credits,
    /// Below which available amount the credits are low.
    pub threshold: Option<Credits>,
    /// Its open holds, in order of position.
    pub holds: Vec<OpenHold>,
    /// What apps and budgets may spend.
    pub caps: Vec<Cap>,
}

/// Those of a plain wallet.
static PLAIN: Terms = Terms { limit: Credits::ZERO, threshold: None, holds: Vec::new(), caps: Vec::new() };

impl Special {
    /// Gives the room back when nothing is left in it, as after the last hold.
    pub(crate) fn tidy(&mut self) {
        if self.0.as_deref() == Some(&PLAIN) {
            self.0 = None;
        }
    }
}

impl From<Terms> for Special {
    fn from(terms: Terms) -> Self {
        Self((terms != PLAIN).then(|| Box::new(terms)))
    }
}

impl Deref for Special {
    type Target = Terms;
    fn deref(&self) -> &Terms {
        self.0.as_deref().unwrap_or(&PLAIN)
    }
}

impl DerefMut for Special {
    fn deref_mut(&mut self) -> &mut Terms {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Special {
    /// A wallet whose last hold has ended is as plain as one that never had any.
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Special {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_wallet_takes_no_room_and_reads_as_one_without_anything() {
        assert_eq!(size_of::<Special>(), size_of::<usize>());
        assert!(Special::from(Terms::default()).0.is_none());
        let mut special = Special::default();
        assert_eq!((special.limit, special.holds.len()), (Credits::ZERO, 0));
        assert!(special.0.is_none(), "reading makes no room");
        special.limit = Credits::MAX;
        assert_ne!(special, Special::default());
        special.limit = Credits::ZERO;
        assert_eq!(special, Special::default());
        special.tidy();
        assert!(special.0.is_none(), "nothing is left of it");
    }
}
