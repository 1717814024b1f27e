//! A wallet's books, kept from event to event.

use std::collections::BTreeMap;

use events::{Balances, Class, Credits, Position, Recorded};

use super::{Line, Opening, Parts, Standing, StatementError, essence::Essence, moves::Moves};

/// What a wallet holds between two events.
pub(super) struct Books {
    lots: Lots,
    debt: Credits,
    balances: Balances,
}

/// The live lots, held ones included.
#[derive(Default)]
pub(super) struct Lots(BTreeMap<Position, Lot>);

struct Lot {
    class: Class,
    /// Micro-credits, neither below zero.
    free: i64,
    held: i64,
}

impl Lots {
    /// Adds to a lot's free and held micro-credits, which may be less than nothing; the lot's class.
    /// `None` when the lot has less, or is unknown and without a class.
    pub(super) fn change(
        &mut self,
        id: Position,
        class: Option<Class>,
        free: i64,
        held: i64,
    ) -> Option<Class> {
        if let Some(class) = class {
            self.0.entry(id).or_insert(Lot { class, free: 0, held: 0 });
        }
        let lot = self.0.get_mut(&id)?;
        let class = lot.class;
        lot.free = lot.free.checked_add(free).filter(|sum| *sum >= 0)?;
        lot.held = lot.held.checked_add(held).filter(|sum| *sum >= 0)?;
        if (lot.free, lot.held) == (0, 0) {
            self.0.remove(&id);
        }
        Some(class)
    }

    /// Free and held credits of a class; `None` beyond the range.
    fn parts(&self, class: Class) -> Option<Parts> {
        let lots = self.0.values().filter(|lot| lot.class == class);
        let (free, held) = lots.fold((0_i128, 0_i128), |(free, held), lot| {
            (free + i128::from(lot.free), held + i128::from(lot.held))
        });
        let credits = |micros: i128| i64::try_from(micros).ok().map(Credits::from_micros);
        Some(Parts { free: credits(free)?, held: credits(held)? })
    }

    fn total(&self) -> i128 {
        self.0.values().map(|lot| i128::from(lot.free) + i128::from(lot.held)).sum()
    }
}

impl Books {
    /// The books of a wallet as a statement finds it.
    pub(super) fn open(opening: &Opening) -> Result<Self, StatementError> {
        let mut lots = Lots::default();
        for lot in &opening.lots {
            lots.change(lot.lot, Some(lot.class), lot.free.micros(), lot.held.micros())
                .ok_or(StatementError::Opening)?;
        }
        let books = Self { lots, debt: opening.debt, balances: opening.balances };
        if books.add_up() { Ok(books) } else { Err(StatementError::Opening) }
    }

    /// What the wallet holds now.
    pub(super) fn standing(&self) -> Standing {
        Standing {
            balances: self.balances,
            // `add_up` has looked at them.
            paid: self.lots.parts(Class::Paid).unwrap_or_default(),
            promotional: self.lots.parts(Class::Promotional).unwrap_or_default(),
            debt: self.debt,
        }
    }

    /// Enters an event; its line when it moves credits.
    pub(super) fn follow(&mut self, recorded: &Recorded) -> Result<Option<Line>, StatementError> {
        let (envelope, event) = (&recorded.envelope, &recorded.event);
        let position = envelope.position;
        let misfit = StatementError::Lots(position);
        let mut moves = Moves::new(&mut self.lots);
        moves.by(event, position).ok_or(misfit)?;
        let (amount, debt) = (moves.amount(), Credits::from_micros(moves.debt));
        let lots = moves.moved;
        self.debt = self.debt.checked_add(debt).filter(|debt| *debt >= Credits::ZERO).ok_or(misfit)?;
        let wrong = StatementError::Balance(position);
        let amount = i64::try_from(amount).map(Credits::from_micros).map_err(|_| wrong)?;
        let balance = self.balances.balance.checked_add(amount).ok_or(wrong)?;
        let essence = Essence::of(event);
        let stated = *event.balances().ok_or(wrong)?;
        if essence.is_none() && stated != self.balances {
            return Err(wrong);
        }
        self.balances = stated;
        if stated.balance != balance || !self.add_up() {
            return Err(wrong);
        }
        Ok(essence.map(|essence| Line {
            position,
            time: envelope.time,
            kind: essence.kind,
            service: essence.service.map(Box::from),
            reason: essence.reason.map(Box::from),
            payment_reference: essence.payment_reference.map(Box::from),
            refers_to: essence.refers_to,
            app: envelope.app,
            amount,
            balance,
            reserved: stated.reserved,
            lots,
            debt_change: debt,
            overdrawn: essence.overdrawn,
        }))
    }

    /// Whether lots less debt are the balance, and the balance less what is reserved is available.
    fn add_up(&self) -> bool {
        let Balances { balance, available, reserved } = self.balances;
        let (Some(paid), Some(promotional)) =
            (self.lots.parts(Class::Paid), self.lots.parts(Class::Promotional))
        else {
            return false;
        };
        // Holds may reserve of the credit limit, beside what they reserve of lots.
        let held = paid.held.checked_add(promotional.held);
        self.lots.total() - i128::from(self.debt.micros()) == i128::from(balance.micros())
            && balance.checked_sub(reserved) == Some(available)
            && held.is_some_and(|held| held <= reserved)
    }
}
