//! The rules once more, written without a look at `ledger/`: as slowly and plainly as possible, so
//! that a difference between the two means that one of them is wrong.

#[path = "model/back.rs"]
mod back;
#[path = "model/purse.rs"]
mod purse;
#[path = "model/rulebook.rs"]
mod rulebook;
#[path = "model/spending.rs"]
mod spending;
#[path = "model/told.rs"]
mod told;

use std::collections::BTreeMap;

use events::{AppId, Class, OrgId, Position, Recorded, Time, WalletId};
use ledger::{Command, Expiry, NewLot};

pub(crate) use told::told;

use purse::{Cap, Purse, Terms};
use rulebook::Rulebook;

/// Lots by position, and how much of each.
pub(crate) type Slices = Vec<(u64, i64)>;

/// What one event did, in micro-credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) what: What,
    /// Balance, available and reserved afterwards.
    pub(crate) after: [i64; 3],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Opened,
    CameIn { amount: i64, settled: Slices },
    Checked { sufficient: bool, hold: Option<u64>, price: Option<u64> },
    Spent { slices: Slices, overdrawn: i64, price: Option<u64>, item: Option<(u16, u16)> },
    CameBack { slices: Slices, overdrawn: i64, formed: i64, returned: i64, settled: Slices },
    Expired { lot: u64, amount: i64 },
    Refused { code: &'static str, item: Option<u16> },
    Held { slices: Slices, overdrawn: i64, cap: i64, expires: i64, price: Option<u64> },
    Captured { hold: u64, slices: Slices, beyond: Slices, overdrawn: i64, captured: i64, price: Option<u64> },
    Extended { hold: u64, expires: i64 },
    Freed { hold: u64, timed_out: bool, amount: i64, slices: Slices, settled: Slices },
    TakenBack { purchase: u64, refunded: i64, taken: i64, debt: i64, settled: Slices },
    Proposed { amount: i64 },
    Adjusted { amount: i64, slices: Slices, settled: Slices, proposal: Option<u64> },
    Set(&'static str),
    Low(i64),
}

/// Why nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {
    NoWallet,
    NoDeduction,
    NoHold,
    NoPurchase,
    NoProposal,
    ExpiryInPast,
    CapBelowHold,
}

/// A command as it happened: to which wallet, for whom, where its first event stands, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion<'a> {
    pub(crate) wallet: WalletId,
    pub(crate) org: OrgId,
    pub(crate) app: Option<AppId>,
    pub(crate) actor: Option<&'a str>,
    pub(crate) first: u64,
    pub(crate) now: i64,
}

/// All wallets and all rules.
#[derive(Debug, Default)]
pub(crate) struct Model {
    purses: BTreeMap<WalletId, Purse>,
    rules: BTreeMap<OrgId, Rulebook>,
}

impl Model {
    /// What the command does; nothing when it is rejected.
    pub(crate) fn decide(&mut self, command: &Command, on: Occasion<'_>) -> Result<Vec<Effect>, Nothing> {
        let Turn { purse, effects, .. } = self.turn(command, on)?;
        self.purses.extend(purse.map(|purse| (on.wallet, purse)));
        Ok(effects)
    }

    /// What the command would do.
    pub(crate) fn would(&self, command: &Command, on: Occasion<'_>) -> Result<Vec<Effect>, Nothing> {
        self.turn(command, on).map(|turn| turn.effects)
    }

    /// What runs out in a wallet that nobody asks anything of.
    pub(crate) fn expire(&mut self, on: Occasion<'_>) -> Vec<Effect> {
        let mut turn = self.begin(on);
        turn.run_out();
        let Turn { purse, effects, .. } = turn;
        self.purses.extend(purse.map(|purse| (on.wallet, purse)));
        effects
    }

    /// Takes in a price or a policy.
    pub(crate) fn rule(&mut self, recorded: &Recorded) {
        if let Some(org) = recorded.envelope.org {
            self.rules.entry(org).or_default().take_in(&recorded.event, recorded.envelope.position.get());
        }
    }

    /// Balance, reserved and debt of a wallet, and what each lot holds that is not reserved.
    pub(crate) fn state(&self, wallet: WalletId) -> Option<([i64; 3], BTreeMap<u64, i64>)> {
        let purse = self.purses.get(&wallet)?;
        let live = purse.pots.iter().filter(|pot| pot.left > 0).map(|pot| (pot.position, pot.left));
        Some(([purse.sum(), purse.reserved(), purse.debt], live.collect()))
    }

    pub(crate) fn wallets(&self) -> impl Iterator<Item = WalletId> {
        self.purses.keys().copied()
    }

    /// What should have run out by now.
    pub(crate) fn overdue(&self, now: i64) -> Vec<WalletId> {
        let late = self.purses.iter().filter(|(_, purse)| purse.due().is_some_and(|due| due <= now));
        late.map(|(wallet, _)| *wallet).collect()
    }

    fn begin<'a>(&'a self, on: Occasion<'a>) -> Turn<'a> {
        let purse = self.purses.get(&on.wallet).cloned();
        let was_low = purse.as_ref().is_some_and(Purse::is_low);
        Turn { purse, rules: self.rules.get(&on.org), on, was_low, effects: Vec::new() }
    }

    fn turn<'a>(&'a self, command: &Command, on: Occasion<'a>) -> Result<Turn<'a>, Nothing> {
        let mut turn = self.begin(on);
        if turn.purse.as_ref().is_some_and(|purse| purse.org != on.org) {
            return Err(Nothing::NoWallet);
        }
        turn.run_out();
        turn.act(command)?;
        turn.warn();
        Ok(turn)
    }
}

/// One command, and what has followed from it so far.
struct Turn<'a> {
    purse: Option<Purse>,
    rules: Option<&'a Rulebook>,
    on: Occasion<'a>,
    was_low: bool,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    /// Where the next event will stand.
    fn position(&self) -> u64 {
        self.on.first + self.effects.len() as u64
    }

    /// When the next event will be stamped: each one a microsecond after the one before.
    fn stamp(&self) -> i64 {
        self.on.now + self.effects.len() as i64
    }

    fn purse(&mut self) -> Result<&mut Purse, Nothing> {
        self.purse.as_mut().ok_or(Nothing::NoWallet)
    }

    fn add(&mut self, what: What) {
        let after = self.purse.as_ref().map_or([0; 3], Purse::amounts);
        self.effects.push(Effect { what, after });
    }

    fn refuse(&mut self, code: &'static str) -> Result<(), Nothing> {
        self.add(What::Refused { code, item: None });
        Ok(())
    }

    /// Tells once that the credits have become low.
    fn warn(&mut self) {
        let low = self.purse.as_ref().filter(|purse| purse.is_low()).and_then(|purse| purse.threshold);
        if let Some(threshold) = low.filter(|_| !self.was_low) {
            self.add(What::Low(threshold));
        }
        self.was_low = low.is_some();
    }

    /// Ends what is due, one after the other, and tells each time whether that made the credits low.
    fn run_out(&mut self) {
        while self.run_one_out() {
            self.warn();
        }
    }

    fn act(&mut self, command: &Command) -> Result<(), Nothing> {
        match command {
            Command::OpenWallet if self.purse.is_some() => self.refuse("wallet-already-exists")?,
            Command::OpenWallet => self.open(),
            Command::Purchase(p) => {
                let amount = p.amount.credits().micros();
                let position = self.come_in(amount, &p.lot)?;
                self.purse()?.purchases.insert(position, (amount, 0));
            }
            Command::Grant(g) => drop(self.come_in(g.amount.credits().micros(), &g.lot)?),
            Command::Check(c) => self.check(c)?,
            Command::Deduct(d) => self.deduct(d)?,
            Command::DeductBatch(all) => self.deduct_all(all)?,
            Command::RollBack(r) => self.roll_back(r)?,
            Command::Hold(h) => self.hold(h)?,
            Command::Capture(c) => self.capture(c)?,
            Command::Extend(e) => self.extend(*e)?,
            Command::Release(r) => self.release(*r)?,
            Command::Refund(r) => self.take_back(r)?,
            Command::Adjust(a) => self.adjust(a)?,
            Command::Approve(a) => self.approve(*a)?,
            Command::Freeze(_) => self.freeze(true)?,
            Command::Unfreeze(_) => self.freeze(false)?,
            Command::SetLimit(l) => {
                self.purse()?.limit = l.limit.micros();
                self.add(What::Set("limit"));
            }
            Command::SetCap(c) => {
                let since = self.stamp();
                let cap = Cap {
                    app: c.app,
                    budget: c.budget.clone(),
                    period: c.period,
                    most: c.amount.map_or(0, events::Credits::micros),
                    since,
                };
                self.purse()?.cap(cap, c.amount.is_some());
                self.add(What::Set("cap"));
            }
            Command::SetThreshold(t) => {
                self.purse()?.threshold = t.threshold.map(|amount| amount.credits().micros());
                self.add(What::Set("threshold"));
            }
        }
        Ok(())
    }

    fn open(&mut self) {
        self.purse = Some(Purse::new(self.on.org));
        self.add(What::Opened);
    }

    fn freeze(&mut self, frozen: bool) -> Result<(), Nothing> {
        if self.purse()?.frozen == frozen {
            return self.refuse(if frozen { "wallet-frozen" } else { "wallet-not-frozen" });
        }
        self.purse()?.frozen = frozen;
        self.add(What::Set(if frozen { "frozen" } else { "unfrozen" }));
        Ok(())
    }

    /// The position of the new lot.
    fn come_in(&mut self, amount: i64, lot: &NewLot) -> Result<u64, Nothing> {
        let expires = lot.expiry.map(|expiry| match expiry {
            Expiry::After(micros) => self.on.now + micros,
            Expiry::At(time) => Time::micros(time),
        });
        if expires.is_some_and(|at| at <= self.on.now) {
            return Err(Nothing::ExpiryInPast);
        }
        if self.purse.is_none() {
            self.open();
        }
        let terms = Terms { priority: lot.priority, paid: lot.class == Class::Paid, expires };
        let (position, made) = (self.position(), self.stamp());
        let purse = self.purse()?;
        purse.pour(position, made, amount, terms);
        let settled = purse.settle();
        self.add(What::CameIn { amount, settled });
        Ok(position)
    }

    fn expire(&mut self) {
        while self.run_one_out() {}
    }

    fn run_one_out(&mut self) -> bool {
        let now = self.on.now;
        let Some(purse) = &mut self.purse else { return false };
        let lot = purse.first_expired(now);
        let hold = purse.first_timed_out(now);
        // At the same time the hold is first: what it frees may then expire with its lot.
        if let Some((_, hold)) = hold.filter(|(at, _)| lot.is_none_or(|(lot, _)| *at <= lot)) {
            let (amount, slices, settled) = purse.free(hold);
            self.add(What::Freed { hold, timed_out: true, amount, slices, settled });
        } else if let Some((_, lot)) = lot {
            let amount = purse.empty(lot);
            self.add(What::Expired { lot, amount });
        } else {
            return false;
        }
        true
    }
}

/// A position as the model writes it.
const fn at(position: Position) -> u64 {
    position.get()
}
