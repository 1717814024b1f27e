//! What the engine keeps in memory: recently used wallets, and everything above the checkpoint.

use std::{collections::VecDeque, mem};

use events::{CommandId, Credits, Position, WalletId};
use hashbrown::HashMap;
use ledger::Wallet;

use super::idmap::IdMap;

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

/// What was given back of deductions, with the position of the last rollback.
#[derive(Debug, Default)]
pub(super) struct Returned(HashMap<Position, (Credits, Position)>);

impl Returned {
    pub(super) fn get(&self, deduction: Position) -> Option<Credits> {
        self.0.get(&deduction).map(|(amount, _)| *amount)
    }

    pub(super) fn put(&mut self, deduction: Position, total: Credits, rollback: Position) {
        self.0.insert(deduction, (total, rollback));
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Position, Credits, Position)> {
        self.0.drain().map(|(deduction, (total, rollback))| (deduction, total, rollback))
    }

    /// Forgets what the projections have.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        self.0.retain(|_, (_, rollback)| *rollback >= checkpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::OrgId;
    use ledger::Lots;
    use uuid::Uuid;

    fn wallet(last: u64) -> Wallet {
        Wallet {
            org: OrgId(Uuid::nil()),
            balance: Credits::ZERO,
            reserved: Credits::ZERO,
            account_seq: 1,
            last: Position(last),
            lots: Lots::default(),
        }
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
