//! What was expected, beside what was seen.

use std::{collections::HashMap, fmt::Debug};

use events::{Credits, Event, Position};

use super::{
    row::{Expected, Lots, News},
    told::parts,
    world::{Answer, Done, Parts, State},
};

/// What the names of rows stand for.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Position, String>);

impl Names {
    pub(super) fn give(&mut self, position: Position, name: &str) {
        self.0.insert(position, name.to_owned());
    }

    fn of(&self, parts: &[(Position, Credits)]) -> Vec<(String, Credits)> {
        let name = |position| self.0.get(position).cloned().unwrap_or_else(|| format!("#{position}"));
        parts.iter().map(|(position, amount)| (name(position), *amount)).collect()
    }

    /// Whether the answer is the expected one.
    pub(super) fn answer(&self, answer: &Answer, expected: &Expected) -> Result<(), String> {
        same("whether it is a replay", &answer.replayed, &expected.replayed)?;
        match (&answer.result, &expected.result) {
            (Ok(done), Ok(balance)) => {
                same("the balance", &done.balance, balance)?;
                self.done(done, expected)?;
            }
            (Err(refused), Err(code)) => {
                same("the code", &refused.code, code)?;
                for (name, value) in &expected.members {
                    same(name, &refused.members.get(name).map(String::as_str), &Some(value))?;
                }
            }
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => return Err("it has another result".to_owned()),
        }
        Ok(())
    }

    fn done(&self, done: &Done, expected: &Expected) -> Result<(), String> {
        same("the check", &done.sufficient, &expected.sufficient)?;
        same("whether it is a proposal", &done.proposed, &expected.proposed)?;
        self.parts("the slices", &done.slices, expected.slices.as_ref())?;
        self.parts("what goes beyond the hold", &done.beyond, expected.beyond.as_ref())?;
        if let Some(lines) = expected.lines.as_ref().filter(|lines| !lines.matches(&done.lines)) {
            return differs("the price's lines", &done.lines, lines);
        }
        for (name, value) in expected.members.iter().filter(|(name, _)| *name != "debt") {
            let version = || done.version.and_then(|version| self.0.get(&version)).cloned();
            let stated = if name == "version" { version() } else { done.members.get(name).cloned() };
            // An amount that is nothing need not be stated.
            same(name, &stated.unwrap_or_else(|| "0".to_owned()), value)?;
        }
        Ok(())
    }

    /// Whether the wallet is as expected.
    pub(super) fn state(&self, state: &State, expected: &Expected) -> Result<(), String> {
        same("the balance", &Ok(state.balance), &expected.result)?;
        same("whether it is frozen", &state.frozen, &expected.frozen)?;
        self.parts("the lots", &state.lots, expected.lots.as_ref())?;
        self.parts("the holds", &state.holds, expected.holds.as_ref())?;
        for (name, value) in &expected.members {
            same(name, &state.members.get(name), &Some(value))?;
        }
        Ok(())
    }

    /// Whether this is what happened beside the answer.
    pub(super) fn news(&self, events: &[Event], expected: &News) -> Result<(), String> {
        let mut seen = Seen::default();
        events.iter().for_each(|event| seen.add(event));
        self.parts("what has expired", &seen.expired, Some(&expected.expired))?;
        self.parts("what was released", &seen.released, Some(&expected.released))?;
        self.parts("what paid debt", &seen.settled, Some(&expected.settled))?;
        same("how often the credits were called low", &seen.low, &usize::from(expected.low))
    }

    fn parts(&self, what: &str, seen: &[(Position, Credits)], expected: Option<&Lots>) -> Result<(), String> {
        let seen = self.of(seen);
        match expected.filter(|expected| !expected.matches(&seen)) {
            Some(expected) => differs(what, &seen, expected),
            None => Ok(()),
        }
    }
}

/// What events tell beside their answers.
#[derive(Debug, Default)]
struct Seen {
    expired: Parts,
    released: Parts,
    settled: Parts,
    low: usize,
}

impl Seen {
    fn add(&mut self, event: &Event) {
        if let Event::CreditsExpired(e) = event {
            self.expired.push((e.lot, e.amount));
        }
        if let Event::HoldExpired(e) = event {
            self.expired.push((e.hold, e.amount));
            self.settled.extend(parts(&e.settled));
        }
        if let Event::HoldReleased(e) = event {
            self.released.extend(e.asked.is_none().then_some((e.hold, e.amount)));
            self.settled.extend(parts(&e.settled));
        }
        if let Event::CreditsPurchased(e) = event {
            self.settled.extend(parts(&e.settled));
        }
        if let Event::CreditsGranted(e) = event {
            self.settled.extend(parts(&e.settled));
        }
        if let Event::DeductionRolledBack(e) = event {
            self.settled.extend(parts(&e.settled));
        }
        if let Event::PurchaseRefunded(e) = event {
            self.settled.extend(parts(&e.settled));
        }
        if let Event::CreditsAdjusted(e) = event {
            self.settled.extend(parts(&e.settled));
        }
        self.low += usize::from(matches!(event, Event::BalanceLow(_)));
    }
}

fn same<T: PartialEq + Debug>(what: &str, seen: &T, expected: &T) -> Result<(), String> {
    if seen == expected { Ok(()) } else { differs(what, seen, expected) }
}

fn differs(what: &str, seen: &impl Debug, expected: &impl Debug) -> Result<(), String> {
    Err(format!("{what} differs: {seen:?}, not {expected:?}"))
}
