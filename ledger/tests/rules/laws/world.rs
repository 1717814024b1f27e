//! Several wallets in one log, played on the ledger and on the model at once.

use std::collections::BTreeMap;

use events::{
    AppId, Asked, CostPolicy, Credits, Event, ExpiryPolicy, OrgId, PolicySet, Position, PriceSet, Recorded,
    RequestHash, Time, UnitPrice, WalletId,
};
use ledger::{Command, Question, Rules, Wallet};
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use super::answers::{Asking, Model};
use crate::{
    random,
    stored::{self, Asker},
    words::START,
};

const ORG: OrgId = OrgId(Uuid::from_u128(2));
const HOUR: i64 = 3_600_000_000;

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// So many hours pass.
    Hours(i64),
    /// Time passes until so many microseconds before midnight.
    NearlyMidnight(i64),
    /// The organization changes its policy.
    Policy(PolicySet),
    /// The service has a price from now on, or none.
    Price(bool),
    /// A command comes to a wallet from an app (2 is an operator) and a person.
    Command { wallet: usize, app: u8, person: u8, command: Command },
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let policy = (0u8..4, any::<bool>(), proptest::option::of(0i64..30_000_000));
    let policy = policy.prop_map(|(rule, forbidden, above)| PolicySet {
        returned_to_expired: match rule {
            0 | 1 => ExpiryPolicy::Original,
            2 => ExpiryPolicy::Grace { micros: 30 * HOUR },
            _ => ExpiryPolicy::Reissue,
        },
        cost_of_priced_service: if forbidden { CostPolicy::Forbidden } else { CostPolicy::Allowed },
        approval_above: above.map(Credits::from_micros),
    });
    let wallet = select(vec![0, 0, 0, 0, 1, 1, 2]);
    let command = (wallet, 0u8..3, 0u8..2, random::command());
    let step = prop_oneof![
        4 => (1i64..30).prop_map(Step::Hours),
        1 => (0i64..4).prop_map(Step::NearlyMidnight),
        1 => policy.prop_map(Step::Policy),
        1 => any::<bool>().prop_map(Step::Price),
        60 => command.prop_map(|(wallet, app, person, command)| Step::Command { wallet, app, person, command }),
    ];
    vec(step, 1..most)
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) log: Vec<Recorded>,
    pub(crate) wallets: BTreeMap<usize, Wallet>,
    pub(crate) model: Model,
    pub(crate) rules: Rules,
    pub(crate) now: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        let (log, wallets, rules) = (Vec::new(), BTreeMap::new(), Rules::default());
        Self { log, wallets, model: Model::default(), rules, now: START }
    }

    /// One step on both sides, which must agree.
    pub(crate) fn play(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Hours(hours) => self.now += hours * HOUR,
            Step::NearlyMidnight(micros) => {
                let next = (self.now + micros).div_euclid(24 * HOUR) + 1;
                self.now = next * 24 * HOUR - micros;
            }
            Step::Policy(policy) => {
                self.model.policy = policy;
                self.rules.apply(&policy.into(), Position(0));
            }
            Step::Price(there) => self.price(there),
            Step::Command { wallet, app, person, command } => {
                let app = (app < 2).then_some(app);
                let command = self.aimed(wallet, command);
                self.command(wallet, app, person, &command)?;
            }
        }
        Ok(())
    }

    fn price(&mut self, there: bool) {
        let units = [("seconds", 5_000_000, 7), ("tokens", 333_333, 3)];
        let units = if there { &units[..] } else { &[] };
        self.model.prices =
            units.iter().map(|unit| (unit.0, (i128::from(unit.1), i128::from(unit.2)))).collect();
        let price = |unit: &(&str, i64, u32)| {
            (Box::from(unit.0), UnitPrice { credits: Credits::from_micros(unit.1), per: unit.2 })
        };
        let (valid_from, valid_until) = (Time::from_micros(START), None);
        let units = units.iter().map(price).collect();
        self.rules
            .apply(&PriceSet { service: "chat".into(), units, valid_from, valid_until }.into(), Position(0));
    }

    /// The command, most often about an event that it can be about.
    fn aimed(&self, wallet: usize, mut command: Command) -> Command {
        type Wanted = fn(&Event) -> bool;
        let held: Wanted = |event| matches!(event, Event::CreditsHeld(_));
        let spent: Wanted = |event| matches!(event, Event::CreditsDeducted(_) | Event::HoldCaptured(_));
        let target: Option<(&mut Position, Wanted)> = match &mut command {
            Command::RollBack(ask) => Some((&mut ask.deduction, spent)),
            Command::Refund(ask) => {
                Some((&mut ask.purchase, |event| matches!(event, Event::CreditsPurchased(_))))
            }
            Command::Approve(ask) => {
                Some((&mut ask.proposal, |event| matches!(event, Event::AdjustmentProposed(_))))
            }
            Command::Capture(ask) => Some((&mut ask.hold, held)),
            Command::Extend(ask) => Some((&mut ask.hold, held)),
            Command::Release(ask) => Some((&mut ask.hold, held)),
            Command::OpenWallet
            | Command::Purchase(_)
            | Command::Grant(_)
            | Command::Check(_)
            | Command::Deduct(_)
            | Command::DeductBatch(_)
            | Command::Hold(_)
            | Command::Adjust(_)
            | Command::Freeze(_)
            | Command::Unfreeze(_)
            | Command::SetLimit(_)
            | Command::SetCap(_)
            | Command::SetThreshold(_) => None,
        };
        let Some((position, wanted)) = target else { return command };
        let fits = |stored: &&Recorded| stored.wallet() == Some(id(wallet)) && wanted(&stored.event);
        let fitting: Vec<Position> =
            self.log.iter().filter(fits).map(|stored| stored.envelope.position).collect();
        let drawn = position.get() as usize;
        *position = if fitting.is_empty() || drawn.is_multiple_of(8) {
            Position((drawn % (self.log.len() + 1)) as u64)
        } else {
            fitting[fitting.len() - 1 - (drawn / 8) % fitting.len()]
        };
        command
    }

    fn command(
        &mut self,
        wallet: usize,
        app: Option<u8>,
        person: u8,
        command: &Command,
    ) -> Result<(), TestCaseError> {
        self.now += 1_000;
        let (now, next) = (i128::from(self.now), self.log.len() as u64);
        let expected = self.model.ask(Asking { wallet, app, person, now, next }, command);
        let by = Asker {
            wallet: id(wallet),
            org: ORG,
            app: app.map(|app| AppId(Uuid::from_u128(app.into()))),
            actor: Some(["key/1", "key/2"][usize::from(person)]),
        };
        let decided = self.decide(wallet, by, command);
        let said = decided.as_ref().ok().map(|decision| decision.events.iter().map(name).collect());
        prop_assert_eq!(said, expected, "{:?} by {:?}: {:?}", command, app, decided);
        let Ok(decision) = decided else { return Ok(()) };
        for (index, event) in (0..).zip(decision.events) {
            let stamp = Time::from_micros(self.now + index);
            let next = stored::store(&mut self.log, self.wallets.remove(&wallet), by, stamp, event);
            self.wallets.insert(wallet, next);
        }
        prop_assert_eq!(self.wallets.get(&wallet), Some(&decision.wallet), "decide's wallet is evolve's");
        Ok(())
    }

    pub(crate) fn decide(
        &self,
        wallet: usize,
        by: Asker,
        command: &Command,
    ) -> Result<ledger::Decision, ledger::Rejection> {
        let asked = Asked { key: None, request: RequestHash([7; 16]) };
        let question = Question {
            wallet: by.wallet,
            org: by.org,
            app: by.app,
            actor: by.actor,
            asked: &asked,
            rules: &self.rules,
            now: Time::from_micros(self.now),
        };
        let facts = stored::facts(&self.log, command);
        let next = Position(self.log.len() as u64);
        ledger::decide(self.wallets.get(&wallet), command, &facts, question, next)
    }
}

pub(crate) fn id(wallet: usize) -> WalletId {
    WalletId(Uuid::from_u128(100 + wallet as u128))
}

/// The event's type, or a refusal's code.
pub(crate) fn name(event: &Event) -> String {
    if let Event::CommandRefused(e) = event {
        return format!("refused: {}", e.refusal.code());
    }
    event.event_type().as_str().trim_end_matches(".v1").to_owned()
}
