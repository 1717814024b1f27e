//! Tells a scenario in a world, row by row.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use events::{Position, Time, WalletId};

use super::{
    commands,
    compare::Names,
    row::{Expected, Figure, Operation, Row, Says, Verb},
    table::{self, micros},
    world::{Answer, App, Request, Rule, World, wallet_id},
};
use crate::support::ground::START_MICROS;

/// Something that nobody has made.
const NOWHERE: Position = Position(999_999_999);

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Tells `tests/scenarios/<name>.ledger` in `world`, which ends with it.
pub(super) async fn play(name: &str, mut world: impl World) {
    tell(name, &mut world).await;
    world.end().await;
}

/// Tells `tests/scenarios/<name>.ledger` in `world`.
pub(super) async fn tell(name: &str, world: &mut impl World) {
    let path = folder().join(name).with_extension("ledger");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = table::parse(&format!("{name}.ledger"), &text);
    assert!(!rows.is_empty(), "{name}.ledger says nothing");
    let mut stage = Stage::new();
    for row in rows {
        if let Err(difference) = stage.row(world, &row).await {
            panic!("tests/scenarios/{name}.ledger:{}\n  {}\n  {difference}", row.line, row.text);
        }
    }
}

/// What rows refer to.
struct Stage {
    app: App,
    wallet: String,
    elapsed: Duration,
    /// What the names of purchases, deductions, holds and so on stand for, and in which wallet.
    named: HashMap<String, (Position, WalletId)>,
    names: Names,
}

impl Stage {
    fn new() -> Self {
        Self {
            app: App { name: "A1".into(), elsewhere: false },
            wallet: "W1".into(),
            elapsed: Duration::ZERO,
            named: HashMap::new(),
            names: Names::default(),
        }
    }

    async fn row(&mut self, world: &mut impl World, row: &Row) -> Result<(), String> {
        match &row.says {
            Says::Wallet(name) => self.wallet.clone_from(name),
            Says::App { name, elsewhere } => self.app = App { name: name.clone(), elsewhere: *elsewhere },
            Says::At(moment) => {
                let later = moment.checked_sub(self.elapsed).ok_or("time does not run backwards")?;
                world.pass(later).await;
                self.elapsed = *moment;
            }
            Says::Price(price) => {
                let now = Time::from_micros(START_MICROS + micros(self.elapsed));
                let version = world.rule(&self.app, Rule::Price(commands::price(price, now))).await;
                if let Some(name) = &price.version {
                    self.names.give(version, name);
                }
            }
            Says::Policy(policy) => {
                world.rule(&self.app, Rule::Policy(commands::policy(policy))).await;
            }
            Says::Do(row) => return self.operation(world, &row.0, &row.1).await,
            Says::Batch(items) => return self.batch(world, items).await,
            Says::Due(wallet, expected) => {
                let wallet = wallet_id(wallet);
                world.settle(wallet).await;
                let news = world.news(&self.app, wallet).await;
                self.names.news(&news, &expected.news)?;
                let state = world.state(&self.app, wallet).await;
                if Ok(state.balance) != expected.result {
                    return Err(format!("the balance differs: {}", state.balance));
                }
            }
            Says::State(wallet, expected) => {
                let wallet = wallet_id(wallet);
                world.settle(wallet).await;
                self.names.state(&world.state(&self.app, wallet).await, expected)?;
            }
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
            let request = self.request(operation, &operation.name);
            return self.told(world, operation, &operation.name, request, expected).await;
        };
        for number in 1..times {
            let name = format!("{}{number}", operation.name);
            let request = self.request(operation, &name);
            let answer = world.ask(request.clone()).await;
            self.remember(operation, &name, request.wallet, &answer);
            answer.result.map_err(|refused| format!("number {number} was refused: {refused:?}"))?;
        }
        let name = format!("{}{times}", operation.name);
        let request = self.request(operation, &name);
        self.told(world, operation, &name, request, expected).await
    }

    /// Asks, and compares with what is expected.
    async fn told(
        &mut self,
        world: &mut impl World,
        operation: &Operation,
        name: &str,
        request: Request,
        expected: &Expected,
    ) -> Result<(), String> {
        let (wallet, dry) = (request.wallet, request.dry);
        let answer = world.ask(request).await;
        self.remember(operation, name, wallet, &answer);
        let compared = self.names.answer(&answer, expected);
        compared.map_err(|difference| format!("{difference}\n  in {answer:?}"))?;
        if answer.is_news() && !dry {
            let news = world.news(&self.app, wallet).await;
            self.names.news(&news, &expected.news)?;
        } else {
            self.names.news(&[], &expected.news)?;
        }
        if let (Some(debt), true) = (expected.members.get("debt"), answer.result.is_ok()) {
            let seen = world.state(&self.app, wallet).await.members.remove("debt");
            return if seen.as_ref() == Some(debt) {
                Ok(())
            } else {
                Err(format!("the debt differs: {seen:?}"))
            };
        }
        Ok(())
    }

    async fn batch(&mut self, world: &mut impl World, items: &[Row]) -> Result<(), String> {
        let before = self.wallet.clone();
        let (mut requests, mut rows) = (Vec::new(), Vec::new());
        for item in items {
            if let Says::Wallet(name) = &item.says {
                self.wallet.clone_from(name);
            }
            if let Says::Do(row) = &item.says {
                requests.push(self.request(&row.0, &row.0.name));
                rows.push((item, &row.0, &row.1));
            }
        }
        self.wallet = before;
        let wallets: Vec<WalletId> = requests.iter().map(|request| request.wallet).collect();
        let answers = world.ask_all(requests).await;
        if answers.len() != rows.len() {
            return Err(format!("{} answers to {} items", answers.len(), rows.len()));
        }
        for ((answer, (item, operation, expected)), wallet) in answers.iter().zip(rows).zip(&wallets) {
            self.remember(operation, &operation.name, *wallet, answer);
            let compared = self.names.answer(answer, expected);
            compared.map_err(|difference| format!("line {}: {difference}\n  in {answer:?}", item.line))?;
        }
        for wallet in wallets {
            let news = world.news(&self.app, wallet).await;
            self.names.news(&news, &Default::default())?;
        }
        Ok(())
    }

    fn request(&self, operation: &Operation, name: &str) -> Request {
        let options = &operation.options;
        let mut wallet = wallet_id(&self.wallet);
        let mut target = NOWHERE;
        if operation.verb.has_target() {
            // It goes to the wallet of what it is about.
            let about = options.of.as_deref().unwrap_or(name);
            (target, wallet) = self.named.get(about).copied().unwrap_or((NOWHERE, wallet));
        }
        let spender = options.app.as_ref().unwrap_or(&self.app.name);
        let spender = App { name: spender.clone(), ..self.app.clone() };
        Request {
            command: commands::command(operation, target, &spender),
            app: self.app.clone(),
            about: (operation.verb == Verb::Cap).then_some(spender),
            wallet,
            key: options.key.clone().unwrap_or_else(|| name.to_owned()),
            dry: options.dry,
        }
    }

    /// What was done can be named from now on.
    fn remember(&mut self, operation: &Operation, name: &str, wallet: WalletId, answer: &Answer) {
        let Ok(done) = &answer.result else { return };
        let options = &operation.options;
        if options.dry || answer.replayed {
            return;
        }
        if let (Some(name), Some(hold)) = (&options.hold, done.hold) {
            self.named.insert(name.clone(), (hold, wallet));
            self.names.give(hold, name);
        }
        self.names.give(done.position, name);
        if !operation.verb.has_target() || options.of.is_some() {
            self.named.insert(name.to_owned(), (done.position, wallet));
        }
        if let Figure::List(items) = &operation.amount {
            // They stand at contiguous positions, and the last one is the answer.
            for (number, position) in (1..=items.len()).rev().zip((0..=done.position.get()).rev()) {
                self.named.insert(format!("{name}.{number}"), (Position(position), wallet));
            }
        }
    }
}
