//! What each event does to an account, and whether it was allowed.

use events::{
    AppId, Credits, CreditsAdjusted, CreditsDeducted, CreditsExpired, CreditsHeld, DeductionRolledBack,
    Envelope, Event, HoldCaptured, LotTerms, Position, PurchaseRefunded, Slice, Time,
};

use super::{
    Wrong,
    account::{Account, positive},
    lots::{Lot, Terms},
    more::Hold,
};

impl Account {
    /// Does to the wallet what the event says was done.
    pub(super) fn perform(&mut self, event: &Event, envelope: &Envelope) -> Result<(), Wrong> {
        let position = envelope.position;
        match event {
            Event::CreditsPurchased(e) => self.come_in(position, e.amount, &e.lot, &e.settled),
            Event::CreditsGranted(e) => self.come_in(position, e.amount, &e.lot, &e.settled),
            Event::CreditsDeducted(e) => self.deduct(e, envelope),
            Event::DeductionRolledBack(e) => self.take_back(e, position),
            Event::CreditsExpired(e) => self.expire(e, envelope.time),
            Event::CreditsHeld(e) => self.hold(e, envelope),
            Event::HoldCaptured(e) => self.capture(e, envelope),
            Event::HoldReleased(e) => self.free(e.hold, e.amount, &e.slices, &e.settled).map(drop),
            Event::HoldExpired(e) => {
                let expires = self.free(e.hold, e.amount, &e.slices, &e.settled)?;
                if expires <= envelope.time { Ok(()) } else { Err(format!("hold {} is not due", e.hold)) }
            }
            Event::PurchaseRefunded(e) => self.refund(e),
            Event::CreditsAdjusted(e) => self.adjust(e, position),
            Event::HoldExtended(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_) => self.rule(event, envelope.time),
            Event::CreditsChecked(_) | Event::CommandRefused(_) | Event::AdjustmentProposed(_) => Ok(()),
            Event::WalletOpened(_) => Err("the wallet was opened before".to_owned()),
            Event::PriceSet(_) | Event::PolicySet(_) | Event::Auth(_) | Event::WriterChanged(_) => {
                Err("its subject is a wallet, its type is not".to_owned())
            }
        }
    }

    fn come_in(
        &mut self,
        lot: Position,
        amount: Credits,
        terms: &LotTerms,
        settled: &[Slice],
    ) -> Result<(), Wrong> {
        let micros = positive(amount)?;
        self.credit(micros)?;
        self.give(lot.get(), micros, Terms::of(terms))?;
        self.settle(settled)
    }

    /// A lot expires when it is due, and with all that is left of it.
    fn expire(&mut self, e: &CreditsExpired, time: Time) -> Result<(), Wrong> {
        self.credit(-positive(e.amount)?)?;
        let due = self.terms_of(e.lot).is_some_and(|terms| terms.is_due(time));
        match self.take(e.lot, e.amount)? {
            0 if due => Ok(()),
            0 => Err(format!("lot {} expired, though it was not due", e.lot)),
            rest => Err(format!("lot {} expired, yet {} of it are left", e.lot, Credits::from_micros(rest))),
        }
    }

    fn deduct(&mut self, e: &CreditsDeducted, envelope: &Envelope) -> Result<(), Wrong> {
        self.burn(&e.slices)?;
        adds_up(e.cost, e.slices.iter().map(|slice| slice.amount).chain([e.overdrawn]))?;
        self.credit(-positive(e.cost)?)?;
        self.owe(e.overdrawn)?;
        self.count(envelope.app, e.budget.as_deref(), e.cost, envelope.time);
        self.allowed(envelope.app, e.budget.as_deref(), envelope.time)
    }

    fn take_back(&mut self, e: &DeductionRolledBack, position: Position) -> Result<(), Wrong> {
        adds_up(e.amount, e.slices.iter().map(|slice| slice.amount).chain([e.overdrawn]))?;
        for slice in &e.slices {
            let terms = Terms::of(&slice.terms);
            if self.terms_of(slice.lot).is_some_and(|live| live != terms) {
                return Err(format!("it says other terms of lot {} than it has", slice.lot));
            }
            self.give(slice.lot.get(), positive(slice.amount)?, terms)?;
        }
        self.credit(positive(e.amount)?)?;
        let formed = e.formed.map_or(Ok(0), |formed| positive(formed.amount))?;
        self.pay(e.overdrawn.micros().checked_sub(formed).ok_or("it forms a lot out of range")?)?;
        if let Some(lot) = e.formed {
            if self.debt() > 0 {
                return Err("it forms a lot, though debt is left".to_owned());
            }
            self.give(position.get(), formed, Terms::of(&lot.terms))?;
        }
        self.settle(&e.settled)?;
        match (self.some_more(), e.spent) {
            (Some(more), Some(spent)) => {
                more.discount(e.spender, e.budget.as_deref(), e.amount.micros(), spent)
            }
            (None, _) | (_, None) => Ok(()),
        }
    }

    fn hold(&mut self, e: &CreditsHeld, envelope: &Envelope) -> Result<(), Wrong> {
        let part = |slice: &Slice| {
            let (id, left) = (slice.lot.get(), slice.amount.micros());
            self.terms_of(slice.lot).map(|terms| Lot { id, left, terms })
        };
        let parts = e.slices.iter().filter_map(part).collect();
        self.burn(&e.slices)?;
        adds_up(e.amount, e.slices.iter().map(|slice| slice.amount).chain([e.overdrawn]))?;
        let micros = positive(e.amount)?;
        if e.cap < e.amount || e.overdrawn < Credits::ZERO {
            return Err(format!("a hold of {} with a cap of {} cannot be", e.amount, e.cap));
        }
        let more = self.more();
        more.reserved = more.reserved.checked_add(micros).ok_or("what is reserved leaves the range")?;
        more.holds.push(Hold::new(envelope.position, envelope.app, e, parts));
        self.allowed(envelope.app, e.budget.as_deref(), envelope.time)
    }

    fn capture(&mut self, e: &HoldCaptured, envelope: &Envelope) -> Result<(), Wrong> {
        let micros = positive(e.amount)?;
        let all = e.slices.iter().chain(&e.beyond).map(|slice| slice.amount).chain([e.overdrawn]);
        adds_up(e.amount, all)?;
        let more = self.more();
        if more.frozen {
            return Err("it spends from a frozen wallet".to_owned());
        }
        let open = more.holds.iter_mut().find(|hold| hold.id == e.hold);
        let open = open.ok_or_else(|| format!("{} is no open hold of the wallet", e.hold))?;
        let fresh = open.capture(e)?;
        let (app, closed) = (open.app, open.captured == open.cap);
        more.reserved -= micros - fresh;
        if closed {
            more.close(e.hold)?;
        }
        self.burn(&e.beyond)?;
        self.credit(-micros)?;
        self.owe(e.overdrawn)?;
        self.count(app, e.budget.as_deref(), e.amount, envelope.time);
        // What was held was allowed when it was held.
        if fresh > 0 { self.allowed(app, e.budget.as_deref(), envelope.time) } else { Ok(()) }
    }

    /// Ends a hold; when it would have expired.
    fn free(
        &mut self,
        hold: Position,
        amount: Credits,
        slices: &[Slice],
        settled: &[Slice],
    ) -> Result<Time, Wrong> {
        let open = self.more().close(hold)?;
        if open.rest() != amount.micros() {
            return Err(format!("hold {hold} reserved {}, not {amount}", Credits::from_micros(open.rest())));
        }
        let same = slices.iter().map(|slice| (slice.lot.get(), slice.amount.micros()));
        if !same.eq(open.slices.iter().map(|slice| (slice.id, slice.left))) {
            return Err(format!("its slices are not those of hold {hold}"));
        }
        self.more().reserved -= amount.micros();
        open.slices.iter().try_for_each(|slice| self.give(slice.id, slice.left, slice.terms))?;
        self.settle(settled)?;
        Ok(open.expires)
    }

    fn refund(&mut self, e: &PurchaseRefunded) -> Result<(), Wrong> {
        adds_up(e.amount, [e.taken, e.debt].into_iter())?;
        self.credit(-positive(e.amount)?)?;
        let left = if e.taken.is_zero() { None } else { Some(self.take(e.purchase, e.taken)?) };
        let more_to_take = || self.lots().any(|(lot, _)| lot == e.purchase);
        if e.debt.is_positive() && (left.is_some_and(|left| left > 0) || more_to_take()) {
            return Err("it makes debt of credits that were still there".to_owned());
        }
        self.owe(e.debt)?;
        self.settle(&e.settled)
    }

    fn adjust(&mut self, e: &CreditsAdjusted, position: Position) -> Result<(), Wrong> {
        if e.amount.is_positive() != e.lot.is_some() || e.lot.is_some() != e.slices.is_empty() {
            return Err("it neither adds a lot nor takes slices, or both".to_owned());
        }
        if let Some(terms) = &e.lot {
            return self.come_in(position, e.amount, terms, &e.settled);
        }
        self.burn(&e.slices)?;
        let taken: i128 = e.slices.iter().map(|slice| i128::from(slice.amount.micros())).sum();
        if taken != -i128::from(e.amount.micros()) {
            return Err(format!("it says {}, its slices make {taken} micro-credits", e.amount));
        }
        self.credit(e.amount.micros())?;
        self.settle(&e.settled)
    }

    /// Counts spending against caps.
    fn count(&mut self, app: Option<AppId>, budget: Option<&str>, amount: Credits, time: Time) {
        if let Some(more) = self.some_more() {
            more.count(app, budget, amount.micros(), time);
        }
    }

    /// Whether what was just spent or held was: by freeze, credit limit, caps and budget.
    fn allowed(&mut self, app: Option<AppId>, budget: Option<&str>, time: Time) -> Result<(), Wrong> {
        let available = self.available();
        match self.some_more() {
            Some(more) if more.frozen => Err("it spends from a frozen wallet".to_owned()),
            Some(more) if available < -more.limit => Err("it spends beyond the credit limit".to_owned()),
            Some(more) => more.within_caps(app, budget, time),
            None if budget.is_some() => Err("its budget has no cap".to_owned()),
            None => Ok(()),
        }
    }

    fn rule(&mut self, event: &Event, time: Time) -> Result<(), Wrong> {
        let available = self.available();
        let more = self.more();
        match event {
            Event::HoldExtended(e) => {
                let open = more.holds.iter_mut().find(|hold| hold.id == e.hold);
                open.ok_or_else(|| format!("{} is no open hold of the wallet", e.hold))?.expires = e.expires;
            }
            Event::WalletFrozen(_) if more.frozen => return Err("the wallet was frozen before".to_owned()),
            Event::WalletFrozen(_) => more.frozen = true,
            Event::WalletUnfrozen(_) if !more.frozen => return Err("the wallet was not frozen".to_owned()),
            Event::WalletUnfrozen(_) => more.frozen = false,
            Event::LimitSet(e) if e.limit < Credits::ZERO => return Err("a limit is below zero".to_owned()),
            Event::LimitSet(e) => more.limit = e.limit.micros(),
            Event::CapSet(e) => return more.cap(e, time),
            Event::ThresholdSet(e) => more.threshold = e.threshold.map(Credits::micros),
            Event::BalanceLow(e) => {
                let low = more.threshold.is_some_and(|threshold| available < threshold);
                if !low || more.was_low || more.warned || more.threshold != Some(e.threshold.micros()) {
                    return Err("it warns of a threshold that was not just crossed".to_owned());
                }
                more.warned = true;
            }
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => return Err("it rules nothing".to_owned()),
        }
        Ok(())
    }

    /// Begins a decision, or what follows from it after an expiry that came before: notes whether the
    /// credits are low, and finds that what was before did not say so.
    pub(super) fn begin_decision(&mut self) -> Result<(), Wrong> {
        let available = self.available();
        let Some(more) = self.some_more() else { return Ok(()) };
        let low = more.threshold.is_some_and(|threshold| available < threshold);
        if low && !more.was_low && !more.warned {
            return Err("the decision before crossed the threshold without a warning".to_owned());
        }
        (more.was_low, more.warned) = (low, false);
        Ok(())
    }
}

fn adds_up(stated: Credits, parts: impl Iterator<Item = Credits>) -> Result<(), Wrong> {
    let sum: i128 = parts.map(|amount| i128::from(amount.micros())).sum();
    if sum == i128::from(stated.micros()) {
        return Ok(());
    }
    Err(format!("it says {stated}, its slices make {sum} micro-credits"))
}
