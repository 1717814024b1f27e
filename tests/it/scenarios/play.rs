//! Tells a scenario in a world, row by row.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use events::{Class, Credits, Position, Time, WalletId};
use ledger::{Amount, Check, Command, Deduct, Expiry, Grant, NewLot, Purchase, RollBack};

use super::{
    row::{Expected, Operation, Options, Row, Says, Verb},
    table,
    world::{Answer, App, Request, World, wallet_id},
};
use crate::support::ground::START_MICROS;

/// A deduction that nobody has made.
const NOWHERE: Position = Position(999_999_999);

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Tells `tests/scenarios/<name>.ledger` in `world`.
pub(super) async fn play(name: &str, mut world: impl World) {
    let path = folder().join(name).with_extension("ledger");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = table::parse(&format!("{name}.ledger"), &text);
    assert!(!rows.is_empty(), "{name}.ledger says nothing");
    let mut stage = Stage::new();
    for row in rows {
        if let Err(difference) = stage.row(&mut world, &row).await {
            panic!("tests/scenarios/{name}.ledger:{}\n  {}\n  {difference}", row.line, row.text);
        }
    }
    world.end().await;
}

/// What rows refer to.
struct Stage {
    app: App,
    wallet: String,
    elapsed: Duration,
    /// What the names of purchases, grants and deductions stand for, and in which wallet.
    named: HashMap<String, (Position, WalletId)>,
    names: HashMap<Position, String>,
}

impl Stage {
    fn new() -> Self {
        Self {
            app: App { name: "A1".into(), elsewhere: false },
            wallet: "W1".into(),
            elapsed: Duration::ZERO,
            named: HashMap::new(),
            names: HashMap::new(),
        }
    }

    async fn row(&mut self, world: &mut impl World, row: &Row) -> Result<(), String> {
        match &row.says {
            Says::Wallet(name) => self.wallet.clone_from(name),
            Says::App { name, elsewhere } => self.app = App { name: name.clone(), elsewhere: *elsewhere },
            Says::At(moment) => {
                let later = moment.checked_sub(self.elapsed).ok_or("time does not run backwards")?;
                world.pass(later);
                self.elapsed = *moment;
            }
            Says::Do(row) => return self.operation(world, &row.0, &row.1).await,
        }
        Ok(())
    }

    async fn operation(
        &mut self,
        world: &mut impl World,
        operation: &Operation,
        expected: &Expected,
    ) -> Result<(), String> {
        let Some(times) = operation.options.times else {
            let answer = self.ask(world, operation, operation.name.clone()).await;
            return self.compare(&answer, expected);
        };
        for number in 1..times {
            let answer = self.ask(world, operation, format!("{}{number}", operation.name)).await;
            answer.result.map_err(|refused| format!("number {number} was refused: {refused:?}"))?;
        }
        let answer = self.ask(world, operation, format!("{}{times}", operation.name)).await;
        self.compare(&answer, expected)
    }

    async fn ask(&mut self, world: &mut impl World, operation: &Operation, name: String) -> Answer {
        let mut wallet = wallet_id(&self.wallet);
        let command = match operation.verb {
            Verb::Rollback => {
                // A rollback goes to the wallet of its deduction.
                let (deduction, its_wallet) = self.named.get(&name).copied().unwrap_or((NOWHERE, wallet));
                wallet = its_wallet;
                Command::RollBack(RollBack { deduction, amount: operation.amount.map(amount), reason: None })
            }
            Verb::Open | Verb::Purchase | Verb::Grant | Verb::Check | Verb::Deduct => command(operation),
        };
        let key = operation.options.key.clone().unwrap_or_else(|| name.clone());
        let answer = world.ask(Request { app: self.app.clone(), wallet, key, command }).await;
        if let Ok(done) = &answer.result
            && matches!(operation.verb, Verb::Purchase | Verb::Grant | Verb::Deduct)
        {
            self.named.insert(name.clone(), (done.position, wallet));
            self.names.insert(done.position, name);
        }
        answer
    }

    fn compare(&self, answer: &Answer, expected: &Expected) -> Result<(), String> {
        let differs =
            |what: &str, seen: &dyn std::fmt::Debug| Err(format!("{what} differs: {seen:?}, in {answer:?}"));
        match (&answer.result, &expected.result) {
            (Ok(done), Ok(balance)) if done.balance != *balance => {
                return differs("the balance", &done.balance);
            }
            (Ok(done), Ok(_)) if done.sufficient != expected.sufficient => {
                return differs("the check", &done.sufficient);
            }
            (Err(refused), Err(code)) if refused.code != *code => return differs("the code", &refused.code),
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => return differs("the result", &answer.result),
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
        }
        if answer.replayed != expected.replayed {
            return differs("whether it is a replay", &answer.replayed);
        }
        if let (Ok(done), Some(slices)) = (&answer.result, &expected.slices)
            && !slices.matches(&self.by_name(&done.slices))
        {
            return differs("the slices", &self.by_name(&done.slices));
        }
        let expired = self.by_name(&answer.expired);
        if !expected.expired.matches(&expired) {
            return differs("what has expired", &expired);
        }
        for (name, value) in &expected.members {
            let seen = answer.result.as_ref().err().and_then(|refused| refused.members.get(name));
            if seen != Some(value) {
                return differs(name, &seen);
            }
        }
        Ok(())
    }

    fn by_name(&self, lots: &[(Position, Credits)]) -> Vec<(String, Credits)> {
        let name = |position| self.names.get(position).cloned().unwrap_or_else(|| format!("#{position}"));
        lots.iter().map(|(position, amount)| (name(position), *amount)).collect()
    }
}

fn amount(credits: Credits) -> Amount {
    Amount::new(credits).expect("scenarios ask for amounts above zero")
}

fn command(operation: &Operation) -> Command {
    let asked = || amount(operation.amount.expect("the table has seen to it"));
    let service: Box<str> = "chat".into();
    match operation.verb {
        Verb::Open => Command::OpenWallet,
        Verb::Purchase => Command::Purchase(Purchase {
            amount: asked(),
            lot: lot(&operation.options, Class::Paid),
            payment_reference: None,
            price_paid: None,
        }),
        Verb::Grant => {
            let lot = lot(&operation.options, Class::Promotional);
            Command::Grant(Grant { amount: asked(), lot, reason: None })
        }
        Verb::Check => Command::Check(Check { service, cost: asked() }),
        Verb::Deduct => Command::Deduct(Deduct { service, cost: asked(), metadata: None }),
        Verb::Rollback => unreachable!("a rollback needs its deduction"),
    }
}

fn lot(options: &Options, class: Class) -> NewLot {
    let micros = |time: Duration| i64::try_from(time.as_micros()).expect("less than 292,000 years");
    let after = options.expires.map(|time| Expiry::After(micros(time)));
    let at = options.until.map(|time| Expiry::At(Time::from_micros(START_MICROS + micros(time))));
    NewLot {
        class: options.class.unwrap_or(class),
        priority: options.priority.unwrap_or(100),
        expiry: after.or(at),
    }
}
