//! What the engine keeps in memory: recently used wallets, and everything above the checkpoint.

use std::{collections::VecDeque, mem, sync::Arc};

use events::{CommandId, Credits, Event, IdMap, OrgId, Position, WalletId};
use hashbrown::HashMap;
use ledger::{Rules, Wallet};

/// What organizations have ruled.
pub(super) type RulesByOrg = IdMap<OrgId, Arc<Rules>>;

/// Recently used wallets, in two generations: what is used moves to the young one, and when that
/// is full, the old one is forgotten. Wallets with events at or above the checkpoint are never
/// forgotten, so whatever is not here is complete in the projections.
#[derive(Debug, Default)]
pub(super) struct Wallets {
    young: IdMap<WalletId, Wallet>,
    old: IdMap<WalletId, Wallet>,
    capacity: usize,
}

impl Wallets {
    /// Keeps at most about `capacity` wallets, plus those above the checkpoint.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    pub(super) fn get(&self, id: WalletId) -> Option<&Wallet> {
        self.young.get(&id).or_else(|| self.old.get(&id))
    }

    pub(super) fn contains(&self, id: WalletId) -> bool {
        self.get(id).is_some()
    }

    pub(super) fn put(&mut self, id: WalletId, wallet: Wallet) {
        self.young.insert(id, wallet);
    }

    /// All wallets, each in its present state.
    pub(super) fn iter(&self) -> impl Iterator<Item = (WalletId, &Wallet)> {
        let old = self.old.iter().filter(|(id, _)| !self.young.contains_key(*id));
        self.young.iter().chain(old).map(|(id, wallet)| (*id, wallet))
    }

    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Forgets old wallets that the projections have completely, when there are too many.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        if self.young.len() < self.capacity / 2 {
            return;
        }
        for (id, wallet) in mem::take(&mut self.old) {
            if wallet.last >= checkpoint {
                self.young.entry(id).or_insert(wallet);
            }
        }
        self.old = mem::take(&mut self.young);
    }
}

/// The answers at or above the checkpoint, by command.
#[derive(Debug, Default)]
pub(super) struct Answers {
    positions: IdMap<CommandId, Position>,
    order: VecDeque<(Position, CommandId)>,
}

impl Answers {
    pub(super) fn get(&self, command: CommandId) -> Option<Position> {
        self.positions.get(&command).copied()
    }

    /// Remembers an answer; positions come in ascending order.
    pub(super) fn put(&mut self, command: CommandId, position: Position) {
        self.positions.insert(command, position);
        self.order.push_back((position, command));
    }

    /// Forgets what the projections' index has.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        while let Some(&(position, command)) =
            self.order.front().filter(|(position, _)| *position < checkpoint)
        {
            self.order.pop_front();
            if self.positions.get(&command) == Some(&position) {
                self.positions.remove(&command);
            }
        }
    }
}

/// What was undone of earlier events (given back of deductions and captures, taken back of purchases,
/// approved of proposals), with the position of the last event that did so.
#[derive(Debug, Default)]
pub(super) struct Returned(HashMap<Position, (Credits, Position)>);

impl Returned {
    pub(super) fn get(&self, of: Position) -> Option<Credits> {
        self.0.get(&of).map(|(total, _)| *total)
    }

    pub(super) fn put(&mut self, of: Position, total: Credits, last: Position) {
        self.0.insert(of, (total, last));
    }

    /// Takes in what the event at `position` undoes.
    pub(super) fn follow(&mut self, event: &Event, position: Position) {
        if let Some((of, total)) = undone(event) {
            self.put(of, total, position);
        }
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Position, Credits, Position)> {
        self.0.drain().map(|(of, (total, last))| (of, total, last))
    }

    /// Forgets what the projections have.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        self.0.retain(|_, (_, last)| *last >= checkpoint);
    }
}

/// The earlier event that this one undoes, and how much of it is undone now in all.
fn undone(event: &Event) -> Option<(Position, Credits)> {
    match event {
        Event::DeductionRolledBack(e) => Some((e.deduction, e.returned)),
        Event::PurchaseRefunded(e) => Some((e.purchase, e.refunded)),
        Event::CreditsAdjusted(e) => {
            // The smallest amount of all has no positive counterpart; no wallet can lose that much.
            let negative = Credits::ZERO.checked_sub(e.amount).unwrap_or(Credits::MAX);
            e.proposal.map(|proposal| (proposal, e.amount.max(negative)))
        }
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
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn wallet(last: u64) -> Wallet {
        Wallet::empty(OrgId(Uuid::nil()), Position(last))
    }

    fn id(number: u64) -> WalletId {
        WalletId(Uuid::from_u64_pair(number, number))
    }

    #[test]
    fn only_wallets_complete_in_the_projections_are_forgotten() {
        let mut wallets = Wallets::new(8);
        for number in 0..100 {
            wallets.put(id(number), wallet(number));
            wallets.trim(Position(50));
        }
        assert!((50..100).all(|number| wallets.contains(id(number))), "above the checkpoint");
        assert!(wallets.len() < 60, "{}", wallets.len());
        assert!(!wallets.contains(id(0)));
    }

    #[test]
    fn answers_below_the_checkpoint_are_forgotten() {
        let mut answers = Answers::default();
        for number in 0..10 {
            answers.put(CommandId(Uuid::from_u128(number)), Position(number as u64));
        }
        answers.trim(Position(4));
        assert_eq!(answers.get(CommandId(Uuid::from_u128(3))), None);
        assert_eq!(answers.get(CommandId(Uuid::from_u128(4))), Some(Position(4)));
    }
}
