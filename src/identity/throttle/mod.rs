//! Slows down guessing: per account, per address, and per account from one address, in memory alone.
//!
//! Each attempt counts as a failure from its beginning and is pardoned when it succeeds, so that many at
//! once gain nothing. The owner is not locked out by others' guesses: an address from which this
//! account was signed in to does not wait for the account, and one that never failed waits for it a few
//! seconds at most.

mod counters;
mod subnet;
#[cfg(test)]
mod tests;

pub use counters::{Counters, Policy};
pub use subnet::Subnet;

use std::{
    fmt,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// One account from one address.
const PAIR: Policy = Policy {
    free: 5,
    first: SECOND,
    longest: Duration::from_secs(900),
    forgotten: Duration::from_secs(3_600),
};
/// One account, from everywhere.
const ACCOUNT: Policy =
    Policy { free: 20, first: SECOND, longest: MINUTE, forgotten: Duration::from_secs(3_600) };
/// One address, whatever the account. Many people may share one.
const ADDRESS: Policy = Policy {
    free: 50,
    first: SECOND,
    longest: Duration::from_secs(900),
    forgotten: Duration::from_secs(1_800),
};
/// Signed in to that account from there, within 30 days.
const FAMILIAR: Policy =
    Policy { free: u32::MAX, first: SECOND, longest: SECOND, forgotten: Duration::from_secs(30 * 86_400) };

/// How long an address that never failed waits for a throttled account.
const STRANGER_WAIT_MAX: Duration = Duration::from_secs(5);
/// Accounts, addresses and pairs that are remembered, each.
const ROOM: usize = 50_000;
/// What is remembered of an account's name: no e-mail address is longer.
const ACCOUNT_CHARS_MAX: usize = 254;

/// Come back after that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts: try again in {} seconds", self.seconds())]
pub struct Throttled {
    /// How long.
    pub wait: Duration,
}

impl Throttled {
    /// For `Retry-After`: at least 1.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX).max(1)
    }
}

/// What an attempt is about. Accounts are named by their address in lower case, or by an id: those that
/// do not exist as well, or the throttle would tell which do.
type Account = Box<str>;

/// An attempt that was let through, to be told how it ended.
#[derive(Debug)]
#[must_use = "an attempt that succeeded must say so"]
pub struct Attempt {
    account: Account,
    subnet: Subnet,
}

/// Counts attempts to sign in.
#[derive(Default)]
pub struct Throttle(Mutex<Tables>);

struct Tables {
    pairs: Counters<(Account, Subnet)>,
    accounts: Counters<Account>,
    addresses: Counters<Subnet>,
    familiar: Counters<(Account, Subnet)>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            pairs: Counters::new(PAIR, ROOM),
            accounts: Counters::new(ACCOUNT, ROOM),
            addresses: Counters::new(ADDRESS, ROOM),
            familiar: Counters::new(FAMILIAR, ROOM),
        }
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Throttle")
    }
}

impl Throttle {
    /// Whether somebody at `address` may try now to sign in to `account`; `now` is
    /// [`crate::clock::Clock::monotonic`]. Who is refused is not counted.
    ///
    /// # Errors
    /// Says how long to wait.
    pub fn admit(&self, account: &str, address: IpAddr, now: Duration) -> Result<Attempt, Throttled> {
        // What is longer is no address, and not worth its room.
        let account: String = account.trim().chars().take(ACCOUNT_CHARS_MAX).collect();
        let (account, subnet) = (Account::from(account.to_lowercase()), Subnet::of(address));
        let pair = (account.clone(), subnet);
        let mut tables = self.lock();
        let patience = if tables.pairs.knows(&pair, now) { Duration::MAX } else { STRANGER_WAIT_MAX };
        let for_account = if tables.familiar.knows(&pair, now) {
            Duration::ZERO
        } else {
            tables.accounts.wait(&account, patience, now)
        };
        let wait = tables
            .pairs
            .wait(&pair, Duration::MAX, now)
            .max(tables.addresses.wait(&subnet, Duration::MAX, now))
            .max(for_account);
        if !wait.is_zero() {
            return Err(Throttled { wait });
        }
        tables.pairs.strike(pair, now);
        tables.accounts.strike(account.clone(), now);
        tables.addresses.strike(subnet, now);
        Ok(Attempt { account, subnet })
    }

    /// The attempt was right: the pair's failures are forgotten, and this address is familiar.
    pub fn succeeded(&self, attempt: Attempt, now: Duration) {
        let pair = (attempt.account, attempt.subnet);
        let mut tables = self.lock();
        tables.pairs.clear(&pair);
        tables.accounts.pardon(&pair.0);
        tables.addresses.pardon(&pair.1);
        tables.familiar.strike(pair, now);
    }

    /// The attempt was neither right nor wrong, because something of ours failed.
    pub fn withdrawn(&self, attempt: Attempt) {
        let pair = (attempt.account, attempt.subnet);
        let mut tables = self.lock();
        tables.pairs.pardon(&pair);
        tables.accounts.pardon(&pair.0);
        tables.addresses.pardon(&pair.1);
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one kind of thing by address, such as wrong verification codes, registrations or mails asked for.
#[derive(Debug)]
pub struct Limit(Mutex<Counters<Subnet>>);

impl Limit {
    /// Ten wrong guesses; the eleventh waits for ten minutes.
    pub const GUESSES: Policy = Policy {
        free: 9,
        first: Duration::from_secs(600),
        longest: Duration::from_secs(3_600),
        forgotten: Duration::from_secs(3_600),
    };

    /// Counts by this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self(Mutex::new(Counters::new(policy, ROOM)))
    }

    /// Counts one that is taken as wrong until [`Self::pardon`] says otherwise.
    ///
    /// # Errors
    /// Says how long to wait; who is refused is not counted.
    pub fn admit(&self, address: IpAddr, now: Duration) -> Result<(), Throttled> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let subnet = Subnet::of(address);
        let wait = counters.wait(&subnet, Duration::MAX, now);
        if !wait.is_zero() {
            return Err(Throttled { wait });
        }
        counters.strike(subnet, now);
        Ok(())
    }

    /// Whether one from there may be looked at now; [`Self::strike`] counts those that were wrong. Where right
    /// ones come in numbers from one address, such as an app's server, they do not wait for each other.
    ///
    /// # Errors
    /// Says how long to wait.
    pub fn check(&self, address: IpAddr, now: Duration) -> Result<(), Throttled> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = counters.wait(&Subnet::of(address), Duration::MAX, now);
        if wait.is_zero() { Ok(()) } else { Err(Throttled { wait }) }
    }

    /// Counts one that was wrong.
    pub fn strike(&self, address: IpAddr, now: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).strike(Subnet::of(address), now);
    }

    /// The last one that [`Self::admit`] counted was right after all.
    pub fn pardon(&self, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pardon(&Subnet::of(address));
    }
}
