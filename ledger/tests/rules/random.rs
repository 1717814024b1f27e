//! Random commands, small enough that they meet each other.

use events::{
    AppId, Budget, Class, Credits, Metadata, Period, Position, Price, ProposedLot, Quantity, RefundCause,
};
use ledger::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Expiry, Extend, Freeze, Grant, Hold,
    HoldTerms, NewLot, Purchase, Refund, Release, RollBack, SetCap, SetLimit, SetThreshold, Unfreeze,
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};
use uuid::Uuid;

/// Any command. Spending and giving back come most often, as in life.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => prop_oneof![Just(Command::OpenWallet), freezing()],
        6 => purchase().prop_map(Command::Purchase),
        4 => grant().prop_map(Command::Grant),
        3 => check().prop_map(Command::Check),
        9 => deduct().prop_map(Command::Deduct),
        2 => vec(deduct(), 1..5).prop_map(Command::DeductBatch),
        10 => roll_back().prop_map(Command::RollBack),
        9 => hold().prop_map(Command::Hold),
        12 => capture().prop_map(Command::Capture),
        4 => of_hold(),
        5 => refund().prop_map(Command::Refund),
        4 => adjusting(),
        5 => controlling(),
    ]
}

fn freezing() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => text().prop_map(|reason| Command::Freeze(Freeze { reason })),
        2 => text().prop_map(|reason| Command::Unfreeze(Unfreeze { reason })),
    ]
}

fn position() -> impl Strategy<Value = Position> {
    (0u64..64).prop_map(Position)
}

fn of_hold() -> impl Strategy<Value = Command> {
    prop_oneof![
        position().prop_map(|hold| Command::Release(Release { hold })),
        (position(), timeout())
            .prop_map(|(hold, timeout_micros)| Command::Extend(Extend { hold, timeout_micros })),
    ]
}

fn timeout() -> impl Strategy<Value = i64> {
    (1i64..80).prop_map(|hours| hours * 3_600_000_000)
}

fn budget() -> impl Strategy<Value = Option<Budget>> {
    prop_oneof![5 => Just(None), 3 => Just(Some("b")), 1 => Just(Some("c"))].prop_map(|b| b.map(Budget::from))
}

fn charge(most_micros: i64) -> impl Strategy<Value = Charge> {
    let quantity = (0i64..40_000_000).prop_map(|micros| Quantity::from_micros(micros).expect("a quantity"));
    let unit = select(vec!["tokens", "tokens", "seconds", "seconds", "images"]).prop_map(Box::from);
    let units = btree_map(unit, quantity, 0..3);
    prop_oneof![5 => amount(most_micros).prop_map(Charge::Cost), 1 => units.prop_map(Charge::Usage)]
}

prop_compose! {
    fn hold_terms()(timeout_micros in timeout(), cap in option::of(amount(60_000_000))) -> HoldTerms {
        HoldTerms { timeout_micros, cap }
    }
}

prop_compose! {
    fn hold()(
        charge in charge(25_000_000), terms in hold_terms(), budget in budget(), metadata in metadata(),
    ) -> Hold {
        Hold { service: "chat".into(), charge, terms, budget, metadata }
    }
}

prop_compose! {
    fn capture()(
        hold in position(),
        charge in option::weighted(0.8, charge(15_000_000)),
        last in any::<bool>(),
        metadata in metadata(),
    ) -> Capture {
        Capture { hold, charge, last, metadata }
    }
}

prop_compose! {
    fn refund()(
        purchase in position(),
        cause in select(vec![RefundCause::Refund, RefundCause::Chargeback]),
        amount in option::weighted(0.6, amount(20_000_000)),
        (reason, payment_reference) in (text(), text()),
    ) -> Refund {
        Refund { purchase, cause, amount, reason, payment_reference }
    }
}

fn adjusting() -> impl Strategy<Value = Command> {
    let lot = (lot(), option::of(timeout())).prop_map(|(lot, expires_after)| ProposedLot {
        class: lot.class,
        priority: lot.priority,
        expires_after,
    });
    let adjust = (huge(), any::<bool>(), lot, text()).prop_map(|(amount, takes, lot, reason)| {
        let micros = amount.credits().micros();
        let amount = Credits::from_micros(if takes { -micros } else { micros });
        Command::Adjust(Adjust { amount, lot, reason: reason.unwrap_or_default() })
    });
    prop_oneof![3 => adjust, 2 => position().prop_map(|proposal| Command::Approve(Approve { proposal }))]
}

fn controlling() -> impl Strategy<Value = Command> {
    let cap = (0u128..2, budget(), select(vec![Period::Day, Period::Month, Period::Total]));
    let most = option::weighted(0.8, 0i64..60_000_000).prop_map(|most| most.map(Credits::from_micros));
    prop_oneof![
        2 => prop_oneof![4 => 0i64..40_000_000, 1 => Just(0), 1 => Just(i64::MAX)]
            .prop_map(|limit| Command::SetLimit(SetLimit { limit: Credits::from_micros(limit) })),
        1 => option::of(amount(40_000_000))
            .prop_map(|threshold| Command::SetThreshold(SetThreshold { threshold })),
        4 => (cap, most).prop_map(|((app, budget, period), amount)| {
            Command::SetCap(SetCap { app: AppId(Uuid::from_u128(app)), budget, period, amount })
        }),
    ]
}

fn amount(most_micros: i64) -> impl Strategy<Value = Amount> {
    let micros =
        prop_oneof![3 => (1..=most_micros / 1_000_000).prop_map(|n| n * 1_000_000), 1 => 1..=most_micros];
    micros.prop_map(|micros| Amount::new(Credits::from_micros(micros)).expect("above zero"))
}

fn huge() -> impl Strategy<Value = Amount> {
    prop_oneof![
        30 => amount(40_000_000),
        1 => (i64::MAX - 50_000_000..=i64::MAX)
            .prop_map(|micros| Amount::new(Credits::from_micros(micros)).expect("above zero")),
    ]
}

fn lot() -> impl Strategy<Value = NewLot> {
    let class = select(vec![Class::Paid, Class::Promotional]);
    let hours = (1i64..200).prop_map(|hours| Expiry::After(hours * 3_600_000_000));
    (class, 0u8..3, option::of(hours)).prop_map(|(class, priority, expiry)| NewLot {
        class,
        priority,
        expiry,
    })
}

fn text() -> impl Strategy<Value = Option<Box<str>>> {
    select(vec![None, Some(""), Some("a"), Some("ab"), Some("\u{ff}"), Some("1.5 EUR")])
        .prop_map(|t| t.map(Box::from))
}

fn price() -> impl Strategy<Value = Option<Price>> {
    let price = |amount: &str, currency| Price {
        amount: amount.parse().expect("a decimal"),
        currency: events::Currency::parse(currency).expect("a currency"),
    };
    select(vec![
        None,
        Some(price("1.5", "EUR")),
        Some(price("1.50", "EUR")),
        Some(price("15", "EUR")),
        Some(price("1.5", "USD")),
    ])
}

prop_compose! {
    fn purchase()(amount in huge(), lot in lot(), payment_reference in text(), price_paid in price()) -> Purchase {
        Purchase { amount, lot, payment_reference, price_paid }
    }
}

prop_compose! {
    fn grant()(amount in amount(20_000_000), lot in lot(), reason in text()) -> Grant {
        Grant { amount, lot, reason }
    }
}

prop_compose! {
    fn check()(charge in charge(60_000_000), budget in budget(), hold in option::of(hold_terms())) -> Check {
        Check { service: "chat".into(), charge, budget, hold }
    }
}

prop_compose! {
    pub(crate) fn deduct()(charge in charge(30_000_000), budget in budget(), metadata in metadata()) -> Deduct {
        Deduct { service: "chat".into(), charge, budget, metadata }
    }
}

prop_compose! {
    fn roll_back()(
        deduction in position(),
        amount in option::weighted(0.7, amount(15_000_000)),
        reason in text(),
    ) -> RollBack {
        RollBack { deduction, amount, reason }
    }
}

fn metadata() -> impl Strategy<Value = Option<Metadata>> {
    select(vec![None, Some("{}"), Some(r#"{"a":1}"#), Some(r#"{"a":"1"}"#), Some(r#"{"a":1.0}"#)]).prop_map(
        |text| {
            let value = text.map(|text| serde_json::from_str(text).expect("JSON"));
            value.map(|value| Metadata::new(&value).expect("an object"))
        },
    )
}
