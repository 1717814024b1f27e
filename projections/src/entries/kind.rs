//! What an audit entry records.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal),+ $(,)?) => {
        /// What an entry records. New ones come last: stores keep the numbers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EntryKind {
            $($(#[$doc])* $kind,)+
        }

        impl EntryKind {
            /// Every kind, in the order of [`Self::code`].
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name, such as `deduction`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A wallet was opened.
    Opened = "opened",
    /// Credits were bought.
    Purchase = "purchase",
    /// Credits were given.
    Grant = "grant",
    /// A cost was asked about.
    Check = "check",
    /// Credits were spent.
    Deduction = "deduction",
    /// A deduction or capture was given back, whole or in part.
    Rollback = "rollback",
    /// Credits expired.
    Expiry = "expiry",
    /// A command was refused.
    Refusal = "refusal",
    /// Credits were reserved.
    Hold = "hold",
    /// Credits were spent from a hold.
    Capture = "capture",
    /// A hold was given another expiry.
    Extension = "extension",
    /// A hold was released.
    Release = "release",
    /// A hold expired.
    HoldExpiry = "hold_expiry",
    /// The seller took a purchase back, whole or in part.
    Refund = "refund",
    /// The payer's bank took a purchase back, whole or in part.
    Chargeback = "chargeback",
    /// A correction was proposed.
    Proposal = "proposal",
    /// A wallet was corrected.
    Adjustment = "adjustment",
    /// Spending was stopped.
    Freeze = "freeze",
    /// Spending was allowed again.
    Unfreeze = "unfreeze",
    /// A credit limit was set.
    Limit = "limit",
    /// A cap was set or taken away.
    Cap = "cap",
    /// A threshold was set or taken away.
    Threshold = "threshold",
    /// The available credits fell below the threshold.
    LowBalance = "low_balance",
}

impl EntryKind {
    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The number that stores keep; it never changes its meaning.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}
