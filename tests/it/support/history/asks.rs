//! Random requests.

use events::{
    AppId, Budget, Class, CostPolicy, Credits, Event, ExpiryPolicy, Metadata, OrgId, Period, PolicySet,
    Price, PriceSet, ProposedLot, Quantity, RefundCause, UnitPrice,
};
use ledger::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Expiry, Extend, Facts, Freeze, Grant,
    Hold, HoldTerms, NewLot, PastHold, Purchase, Refund, Release, RollBack, SetCap, SetLimit, SetThreshold,
    Unfreeze,
};

use super::{HOUR, History, Request, past};

const SERVICES: [&str; 3] = ["chat", "images", "search"];

impl History {
    /// A deduction that a funded wallet can pay.
    pub(super) fn deduction(&mut self, wallet: usize) -> Request {
        let metadata = serde_json::json!({ "tokens": self.below(4_000), "model": "large" });
        let metadata = Metadata::new(&metadata).ok();
        let charge = Charge::Cost(amount(self.below(50_000) as i64 + 1));
        let deduct = Deduct { service: "chat-completion".into(), charge, budget: None, metadata };
        self.by_any_app(wallet, Command::Deduct(deduct))
    }

    pub(super) fn any_request(&mut self, wallet: usize) -> Request {
        let credits = self.below(90_000_000) as i64 + 1;
        let command = match self.below(40) {
            0 => Command::OpenWallet,
            1..=5 => self.purchase(credits * 2),
            6..=8 => {
                let (lot, reason) = (self.lot(Class::Promotional), Some("welcome".into()));
                Command::Grant(Grant { amount: amount(credits), lot, reason })
            }
            9..=10 => {
                let hold = (self.below(2) == 0).then(|| self.hold_terms(credits));
                let (service, charge) = self.charge(credits);
                Command::Check(Check { service, charge, budget: None, hold })
            }
            11..=14 => return self.roll_back(wallet),
            15..=17 => {
                let (terms, (service, charge)) = (self.hold_terms(credits), self.charge(credits));
                Command::Hold(Hold { service, charge, terms, budget: self.budget(), metadata: None })
            }
            18..=22 => return self.about_a_hold(wallet, credits),
            23..=24 => return self.take_back(wallet),
            25 => self.adjustment(credits),
            26 => return self.approval(wallet),
            // Now and then all that there may be, so that wallets get into debt.
            27 => Command::Deduct(self.spending(credits * 6)),
            28 => self.ruling(wallet, credits),
            29 => {
                let batch = (0..self.below(4) + 1).map(|_| self.spending(credits / 5 + 1)).collect();
                Command::DeductBatch(batch)
            }
            _ => Command::Deduct(self.spending(credits)),
        };
        self.by_any_app(wallet, command)
    }

    /// A request by an app of the wallet's organization, or by an operator.
    pub(super) fn by_any_app(&mut self, wallet: usize, command: Command) -> Request {
        let app = match self.below(8) {
            0 => None,
            of => Some(self.app(wallet, of)),
        };
        Request { command, facts: Facts::default(), app, actor: None }
    }

    fn app(&self, wallet: usize, number: u64) -> AppId {
        let org = self.wallets[wallet].1;
        let mut apps = self.apps.iter().filter(|(_, owner)| *owner == org).map(|(app, _)| *app);
        apps.nth(number as usize % 2).expect("two apps")
    }

    fn purchase(&mut self, micros: i64) -> Command {
        let (lot, payment_reference) = (self.lot(Class::Paid), Some("pay_1".into()));
        let price_paid = match self.below(4) {
            0 => None,
            1 => serde_json::from_value(serde_json::json!({ "amount": "7.77", "currency": "USD" })).ok(),
            _ => Some(euros("12.34")),
        };
        Command::Purchase(Purchase { amount: amount(micros), lot, payment_reference, price_paid })
    }

    fn spending(&mut self, micros: i64) -> Deduct {
        let (service, charge) = self.charge(micros);
        Deduct { service, charge, budget: self.budget(), metadata: None }
    }

    /// A service, and a cost or usage of it.
    fn charge(&mut self, micros: i64) -> (Box<str>, Charge) {
        let service = SERVICES[self.below(3) as usize];
        if self.below(4) > 0 {
            return (service.into(), Charge::Cost(amount(micros)));
        }
        let quantity = Quantity::from_micros(micros).expect("above zero");
        (service.into(), Charge::Usage([("tokens".into(), quantity)].into()))
    }

    fn budget(&mut self) -> Option<Budget> {
        (self.below(12) == 0).then(|| "agent".into())
    }

    fn hold_terms(&mut self, micros: i64) -> HoldTerms {
        let cap = (self.below(2) == 0).then(|| amount(micros * 2));
        HoldTerms { timeout_micros: self.below(600_000) as i64 + 1, cap }
    }

    fn lot(&mut self, class: Class) -> NewLot {
        let expiry = match self.below(3) {
            0 => Some(Expiry::After(self.below(3_000_000) as i64 + 1)),
            _ => None,
        };
        NewLot { class, priority: self.below(3) as u8, expiry }
    }

    /// Rolls back a remembered deduction of this wallet, in part mostly; a check when there is none.
    fn roll_back(&mut self, wallet: usize) -> Request {
        let Some((position, deduction)) = self.past.deduction(self.wallets[wallet].0) else {
            return self.small_check(wallet);
        };
        let part = self.below(deduction.cost.micros().unsigned_abs()) as i64 + 1;
        let amount = (part % 4 != 0).then(|| amount(part));
        let command = Command::RollBack(RollBack { deduction: position, amount, reason: None });
        Request { facts: past::of_deduction(deduction), ..self.by_any_app(wallet, command) }
    }

    fn small_check(&mut self, wallet: usize) -> Request {
        let charge = Charge::Cost(amount(1));
        self.by_any_app(
            wallet,
            Command::Check(Check { service: "chat".into(), charge, budget: None, hold: None }),
        )
    }

    /// Captures from an open hold, extends or releases it; sometimes one that is closed.
    fn about_a_hold(&mut self, wallet: usize, micros: i64) -> Request {
        let (id, _, state) = &self.wallets[wallet];
        let open = state.as_ref().and_then(|state| state.special.holds.first());
        let open = open.map(|hold| PastHold { wallet: *id, app: hold.app, id: hold.id });
        let Some(hold) = open.or_else(|| self.past.hold(*id)) else { return self.small_check(wallet) };
        let command = match self.below(8) {
            0 => Command::Extend(Extend { hold: hold.id, timeout_micros: self.below(900_000) as i64 + 1 }),
            1 => Command::Release(Release { hold: hold.id }),
            of => {
                let charge = (of > 3).then(|| Charge::Cost(amount(micros / 2 + 1)));
                Command::Capture(Capture { hold: hold.id, charge, last: of == 4, metadata: None })
            }
        };
        let app = if self.below(6) == 0 { None } else { hold.app };
        Request { command, facts: Facts { hold: Some(hold), ..Facts::default() }, app, actor: None }
    }

    fn take_back(&mut self, wallet: usize) -> Request {
        let Some((position, purchase)) = self.past.purchase(self.wallets[wallet].0) else {
            return self.small_check(wallet);
        };
        let part = self.below(purchase.amount.micros().unsigned_abs()) as i64 + 1;
        let (cause, reason) = match part % 3 {
            0 => (RefundCause::Chargeback, None),
            _ => (RefundCause::Refund, Some("sorry".into())),
        };
        let amount = (part % 4 != 0).then(|| amount(part));
        let refund = Refund { purchase: position, cause, amount, reason, payment_reference: None };
        let facts = Facts { purchase: Some(purchase), ..Facts::default() };
        Request { facts, ..self.by_any_app(wallet, Command::Refund(refund)) }
    }

    fn adjustment(&mut self, micros: i64) -> Command {
        let micros = if self.below(2) == 0 { micros } else { -micros };
        let class = if self.below(2) == 0 { Class::Paid } else { Class::Promotional };
        let lot = ProposedLot { class, priority: 1, expires_after: Some(2_000_000) };
        Command::Adjust(Adjust { amount: Credits::from_micros(micros), lot, reason: "a mistake".into() })
    }

    fn approval(&mut self, wallet: usize) -> Request {
        let Some((position, proposal)) = self.past.proposal(self.wallets[wallet].0) else {
            let command = self.adjustment(80_000_000);
            return self.by_any_app(wallet, command);
        };
        let facts = Facts { proposal: Some(proposal), ..Facts::default() };
        let command = Command::Approve(Approve { proposal: position });
        Request { facts, actor: Some("key/2"), ..self.by_any_app(wallet, command) }
    }

    /// Freezes are lifted more often than they happen, so that life goes on.
    fn ruling(&mut self, wallet: usize, micros: i64) -> Command {
        let credits = Credits::from_micros(micros);
        let app = self.app(wallet, micros.unsigned_abs());
        match self.below(11) {
            0 => Command::Freeze(Freeze { reason: None }),
            1..=3 => Command::Unfreeze(Unfreeze { reason: Some("paid".into()) }),
            4 | 8..=10 => Command::SetLimit(SetLimit { limit: Credits::from_micros(micros * 4) }),
            5..=6 => {
                let budget = (self.below(2) == 0).then(|| "agent".into());
                let periods = [Period::Day, Period::Month, Period::Total];
                let period = periods[self.below(3) as usize];
                let most = Credits::from_micros(micros * 20);
                let amount = (self.below(3) > 0).then_some(most);
                Command::SetCap(SetCap { app, budget, period, amount })
            }
            _ => Command::SetThreshold(SetThreshold { threshold: Amount::new(credits) }),
        }
    }

    /// A price or a policy of one of the organizations.
    pub(super) fn rule(&mut self) -> (OrgId, Event) {
        let number = self.below(self.orgs.len() as u64) as usize;
        let org = self.orgs[number];
        if self.below(3) > 0 {
            let credits = Credits::from_micros(self.below(2_000_000) as i64);
            let units = [("tokens".into(), UnitPrice { credits, per: self.below(3) as u32 + 1 })].into();
            let from = self.time.plus_micros(-1_000);
            let valid_until = (self.below(2) == 0).then(|| from.plus_micros(HOUR as i64));
            let service = SERVICES[self.below(3) as usize].into();
            return (org, PriceSet { service, units, valid_from: from, valid_until }.into());
        }
        let policies =
            [ExpiryPolicy::Original, ExpiryPolicy::Grace { micros: 400_000 }, ExpiryPolicy::Reissue];
        let policy = PolicySet {
            returned_to_expired: policies[self.below(3) as usize],
            cost_of_priced_service: CostPolicy::Allowed,
            approval_above: (self.below(2) == 0).then(|| Credits::from_micros(40_000_000)),
        };
        (org, policy.into())
    }
}

pub(super) fn amount(micros: i64) -> Amount {
    Amount::new(Credits::from_micros(micros)).expect("an amount above zero")
}

pub(super) fn euros(amount: &str) -> Price {
    serde_json::from_value(serde_json::json!({ "amount": amount, "currency": "EUR" })).expect("a price")
}
