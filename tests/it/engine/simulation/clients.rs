//! What clients ask for.

use credit_ledger::engine::Ask;
use events::{AppId, Class, Event, OrgId, Position};
use ledger::{Command, Expiry, Grant, NewLot, Purchase};
use uuid::Uuid;

use super::history::History;
use crate::support::{
    dice::Dice,
    words::{CALLER, Caller, ask_by, check, deduct, roll_back, wallet, whole},
};

const WALLETS: u64 = 4;

/// The next request: often one that was sent before, sometimes a changed one under its key.
pub(super) fn next(dice: &mut Dice, history: &History) -> Ask {
    let sent = &history.attempts;
    if !sent.is_empty() && dice.percent(35) {
        // Recent requests more often, since those may be in flight.
        let reach = if dice.percent(60) { sent.len().min(8) } else { sent.len() };
        return sent[sent.len() - 1 - dice.below(reach as u64) as usize].ask.clone();
    }
    let command = command(dice, history);
    let fresh = format!("K{}", sent.len());
    // A key that another request of the same operation may have used.
    let key = if dice.percent(10) { format!("K{}", dice.below(1 + sent.len() as u64)) } else { fresh };
    ask_by(caller(dice), wallet(u128::from(dice.below(WALLETS))), &key, command)
}

/// Mostly the one organization, with two apps; sometimes a stranger.
fn caller(dice: &mut Dice) -> Caller {
    match dice.below(12) {
        0 => Caller { org: OrgId(Uuid::from_u128(0xb)), ..CALLER },
        1..=3 => Caller { app: AppId(Uuid::from_u128(0xb)), ..CALLER },
        _ => CALLER,
    }
}

fn command(dice: &mut Dice, history: &History) -> Command {
    let amount = 1 + dice.below(40) as i64;
    match dice.below(20) {
        0 => Command::OpenWallet,
        1..=4 => Command::Purchase(Purchase {
            amount: whole(amount * 2),
            lot: any_lot(dice),
            payment_reference: None,
            price_paid: None,
        }),
        5..=6 => Command::Grant(Grant { amount: whole(amount), lot: any_lot(dice), reason: None }),
        7..=8 => check(amount),
        9..=14 => deduct(amount),
        _ => roll_back(a_deduction(dice, history), dice.percent(70).then_some(amount / 2 + 1)),
    }
}

fn any_lot(dice: &mut Dice) -> NewLot {
    let expiry = dice.percent(60).then(|| {
        // Now and then one that is expired before it comes in.
        let seconds = dice.below(120) as i64 - 4;
        Expiry::After(seconds * 1_000_000)
    });
    let class = dice.one_of(&[Class::Paid, Class::Promotional]);
    NewLot { class, priority: dice.below(3) as u8, expiry }
}

/// A deduction that some client knows of, or any position at all.
fn a_deduction(dice: &mut Dice, history: &History) -> Position {
    let stored = history.attempts.iter().filter_map(|attempt| attempt.receipt());
    let deducted = stored.filter(|receipt| matches!(receipt.recorded.event, Event::CreditsDeducted(_)));
    let known: Vec<Position> = deducted.map(|receipt| receipt.recorded.envelope.position).collect();
    if known.is_empty() || dice.percent(10) {
        return Position(dice.below(60));
    }
    let reach = if dice.percent(70) { known.len().min(4) } else { known.len() };
    known[known.len() - 1 - dice.below(reach as u64) as usize]
}
