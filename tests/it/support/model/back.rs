//! What is undone and corrected in the model: rollbacks, refunds, adjustments.

use events::{Class, ExpiryPolicy};
use ledger::{Adjust, Approve, Refund, RollBack};

use super::{
    Nothing, Turn, What, at,
    purse::{Pot, Proposal, Spending, Terms},
    rulebook::Rulebook,
};

impl Turn<'_> {
    pub(super) fn roll_back(&mut self, ask: &RollBack) -> Result<(), Nothing> {
        let (now, position, made) = (self.on.now, self.position(), self.stamp());
        let policy = self.rules.map_or(ExpiryPolicy::Original, Rulebook::expiry_policy);
        let purse = self.purse()?;
        let spending = purse.spent.get_mut(&at(ask.deduction)).ok_or(Nothing::NoDeduction)?;
        let rest = spending.rest();
        let amount = ask.amount.map_or(rest, |amount| amount.credits().micros());
        if amount > rest || amount == 0 {
            return self.refuse("rollback-exceeds-deduction");
        }
        let (overdrawn, slices) = last_parts(spending, amount);
        let returned = spending.given_back;
        for &(position, amount) in &slices {
            let pot = purse.pot(position);
            let expires = life(pot, policy, now);
            purse.give(position, amount, expires);
        }
        let unpaid = overdrawn.min(purse.debt);
        purse.debt -= unpaid;
        let formed = overdrawn - unpaid;
        if formed > 0 {
            purse.pour(position, made, formed, Terms { priority: 100, paid: false, expires: None });
        }
        let settled = purse.settle();
        self.add(What::CameBack { slices, overdrawn, formed, returned, settled });
        self.expire();
        Ok(())
    }

    pub(super) fn take_back(&mut self, ask: &Refund) -> Result<(), Nothing> {
        let position = at(ask.purchase);
        let now = self.on.now;
        let purse = self.purse()?;
        let (bought, refunded) = *purse.purchases.get(&position).ok_or(Nothing::NoPurchase)?;
        let rest = bought - refunded;
        let over = purse.pot(position).terms.expires.is_some_and(|at| at <= now);
        let all = if over { rest.min(purse.there(position)) } else { rest };
        let amount = ask.amount.map_or(all, |amount| amount.credits().micros());
        if amount > rest || amount == 0 {
            return self.refuse("refund-exceeds-purchase");
        }
        let refunded = refunded + amount;
        purse.purchases.insert(position, (bought, refunded));
        let pot = purse.pot(position);
        let taken = amount.min(pot.left);
        pot.left -= taken;
        let debt = amount - taken;
        purse.debt += debt;
        let settled = purse.settle();
        self.add(What::TakenBack { purchase: position, refunded, taken, debt, settled });
        Ok(())
    }

    pub(super) fn adjust(&mut self, ask: &Adjust) -> Result<(), Nothing> {
        self.purse()?;
        let amount = ask.amount.micros();
        if amount == 0 {
            return self.refuse("cost-is-zero");
        }
        let terms = (ask.lot.priority, ask.lot.class == Class::Paid, ask.lot.expires_after);
        let terms = (amount > 0).then_some(terms);
        if terms.and_then(|(_, _, after)| after).is_some_and(|after| after <= 0) {
            return Err(Nothing::ExpiryInPast);
        }
        if self.rules.is_some_and(|rules| rules.needs_approval(amount)) {
            let proposal = Proposal { by: self.on.actor.map(str::to_owned), amount, terms, approved: false };
            let position = self.position();
            self.purse()?.proposals.insert(position, proposal);
            self.add(What::Proposed { amount });
            return Ok(());
        }
        self.correct(amount, terms, None)
    }

    pub(super) fn approve(&mut self, ask: Approve) -> Result<(), Nothing> {
        let (position, actor) = (at(ask.proposal), self.on.actor);
        let proposals = &self.purse()?.proposals;
        let proposal = proposals.get(&position).ok_or(Nothing::NoProposal)?.clone();
        if proposal.approved {
            return self.refuse("adjustment-already-approved");
        }
        if proposal.by.as_deref() == actor {
            return self.refuse("approver-is-proposer");
        }
        self.correct(proposal.amount, proposal.terms, Some(position))
    }

    fn correct(
        &mut self,
        amount: i64,
        terms: Option<(u8, bool, Option<i64>)>,
        proposal: Option<u64>,
    ) -> Result<(), Nothing> {
        let (now, position, made) = (self.on.now, self.position(), self.stamp());
        let purse = self.purse()?;
        let (mut slices, mut settled) = (Vec::new(), Vec::new());
        if let Some((priority, paid, after)) = terms {
            let expires = after.map(|after| now + after);
            purse.pour(position, made, amount, Terms { priority, paid, expires });
            settled = purse.settle();
        } else if purse.free_sum() < -amount {
            return self.refuse("insufficient-credits");
        } else {
            slices = purse.burn(-amount).0;
        }
        if let Some(proposal) = proposal.and_then(|position| purse.proposals.get_mut(&position)) {
            proposal.approved = true;
        }
        self.add(What::Adjusted { amount, slices, settled, proposal });
        Ok(())
    }
}

/// Takes the last parts of what was spent, what was overdrawn first: that, and the slices.
fn last_parts(spending: &mut Spending, amount: i64) -> (i64, Vec<(u64, i64)>) {
    let overdrawn = amount.min(spending.overdrawn);
    spending.overdrawn -= overdrawn;
    spending.given_back += amount;
    let mut due = amount - overdrawn;
    let mut slices: Vec<(u64, i64)> = Vec::new();
    while due > 0 {
        let (pot, left) = spending.slices.last_mut().expect("the slices hold the rest");
        let slice = due.min(*left);
        *left -= slice;
        due -= slice;
        // A lot is named once, even when a capture took from it twice.
        match slices.iter_mut().find(|(same, _)| same == pot) {
            Some((_, sum)) => *sum += slice,
            None => slices.push((*pot, slice)),
        }
        if *left == 0 {
            spending.slices.pop();
        }
    }
    (overdrawn, slices)
}

/// When credits expire that come back to a pot with nothing in it.
fn life(pot: &Pot, policy: ExpiryPolicy, now: i64) -> Option<i64> {
    let expired = pot.terms.expires?;
    if expired > now {
        return Some(expired);
    }
    Some(match policy {
        ExpiryPolicy::Original => expired,
        ExpiryPolicy::Grace { micros } => now + micros,
        ExpiryPolicy::Reissue => now + (expired - pot.made),
    })
}
