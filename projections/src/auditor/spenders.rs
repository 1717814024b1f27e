//! Who spent, on what, from which budget: few different ones, so each has a number.

use events::{AppId, Budget};
use hashbrown::{Equivalent, HashMap};

/// An app, a service and a budget.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Spender {
    pub(super) app: Option<AppId>,
    pub(super) service: Box<str>,
    pub(super) budget: Option<Budget>,
}

/// The same, borrowed from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SpenderRef<'a> {
    pub(super) app: Option<AppId>,
    pub(super) service: &'a str,
    pub(super) budget: Option<&'a str>,
}

impl Equivalent<Spender> for SpenderRef<'_> {
    fn equivalent(&self, key: &Spender) -> bool {
        (self.app, self.service, self.budget) == (key.app, &*key.service, key.budget.as_deref())
    }
}

/// Spenders by number.
#[derive(Debug, Default)]
pub(super) struct Spenders {
    numbers: HashMap<Spender, u32>,
}

impl Spenders {
    /// The spender's number.
    pub(super) fn number(&mut self, spender: SpenderRef<'_>) -> u32 {
        if let Some(number) = self.numbers.get(&spender) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        let SpenderRef { app, service, budget } = spender;
        self.numbers
            .insert(Spender { app, service: service.into(), budget: budget.map(Budget::from) }, number);
        number
    }

    /// The number of a spender that was seen before.
    pub(super) fn known(&self, spender: SpenderRef<'_>) -> Option<u32> {
        self.numbers.get(&spender).copied()
    }
}
