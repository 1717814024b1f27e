//! What holds after any commands whatever.

mod answers;
mod log;
mod model;
mod spending;
mod world;

use std::collections::BTreeSet;

use events::{EventType, Period};
use ledger::{Command, Wallet};
use proptest::{collection::vec, prelude::*, strategy::ValueTree};

use self::world::{Step, World, steps};
use crate::stored::Asker;

fn micros(credits: events::Credits) -> i128 {
    i128::from(credits.micros())
}

/// Whether both ledgers hold the same in this wallet.
fn agree(wallet: &Wallet, model: &model::Wallet, now: i128) -> Result<(), TestCaseError> {
    let sums = (micros(wallet.balance), micros(wallet.reserved), micros(wallet.available()));
    prop_assert_eq!(sums, (model.balance(), model.reserved(), model.available()));
    prop_assert_eq!((micros(wallet.debt), wallet.frozen), (model.debt, model.frozen));
    let expires = |terms: events::LotTerms| terms.expires.map_or(i128::MAX, |at| i128::from(at.micros()));
    let lots = wallet.lots.iter().map(|lot| (lot.id.get(), expires(lot.terms), micros(lot.remaining)));
    let mut lots: Vec<_> = lots.collect();
    lots.sort_unstable();
    prop_assert_eq!(lots, model.lots.iter().map(|(id, lot)| (*id, lot.0.1, lot.1)).collect::<Vec<_>>());
    prop_assert_eq!(wallet.special.holds.len(), model.holds.len());
    for hold in &wallet.special.holds {
        let twin = &model.holds[&hold.id.get()];
        let slices = hold.slices.iter().map(|s| (s.lot.get(), expires(s.terms), micros(s.amount)));
        let slices: Vec<_> = slices.collect();
        prop_assert_eq!(slices, twin.slices.iter().map(|s| (s.0, s.1.1, s.2)).collect::<Vec<_>>());
        let rest = (micros(hold.overdrawn), micros(hold.captured), i128::from(hold.expires.micros()));
        prop_assert_eq!(rest, (twin.overdrawn, twin.captured, twin.expires));
    }
    prop_assert_eq!(wallet.special.caps.len(), model.caps.len());
    for cap in &wallet.special.caps {
        let period = match cap.period {
            Period::Day => 0,
            Period::Month => 1,
            Period::Total => 2,
        };
        let key = (cap.app.0.as_u128() as u8, cap.budget.as_deref().map(String::from), period);
        let now = events::Time::from_micros(now as i64);
        let used = if cap.since >= cap.period.start(now) { micros(cap.used) } else { 0 };
        prop_assert_eq!(used, model.used_of_spending(&key, i128::from(now.micros())), "{:?}", cap);
    }
    Ok(())
}

/// The laws are worth as much as the histories that they were held against.
#[test]
fn the_random_steps_reach_every_answer() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..150 {
        let mut world = World::new();
        for step in steps(150).new_tree(&mut runner).expect("steps").current() {
            world.play(step).expect("both ledgers agree");
        }
        reached.extend(world.log.iter().map(|stored| world::name(&stored.event)));
    }
    let about_wallets = |name: &&str| ["credits.", "wallet."].iter().any(|start| name.starts_with(start));
    let types = EventType::ALL.iter().map(|of| of.as_str().trim_end_matches(".v1"));
    let mut missing: Vec<String> =
        types.filter(about_wallets).filter(|name| !reached.contains(*name)).map(String::from).collect();
    let codes = [
        "insufficient-credits",
        "wallet-already-exists",
        "rollback-exceeds-deduction",
        "balance-overflow",
        "wallet-frozen",
        "wallet-not-frozen",
        "hold-closed",
        "capture-exceeds-hold",
        "refund-exceeds-purchase",
        "adjustment-already-approved",
        "approver-is-proposer",
        "cap-exceeded",
        "unknown-budget",
        "no-price",
        "unknown-unit",
        "cost-is-zero",
        "cost-forbidden",
    ];
    missing.extend(
        codes.map(|code| format!("refused: {code}")).into_iter().filter(|name| !reached.contains(name)),
    );
    assert_eq!(missing, ["credits.command_refused"], "which is told by its code");
}

/// What holds for every wallet after every command.
fn is_sound(wallet: &Wallet, last: &Command, now: i64) -> Result<(), TestCaseError> {
    let free: i128 = wallet.lots.iter().map(|lot| micros(lot.remaining)).sum();
    let held: i128 =
        wallet.special.holds.iter().flat_map(|hold| &hold.slices).map(|slice| micros(slice.amount)).sum();
    prop_assert_eq!(free + held - micros(wallet.debt), micros(wallet.balance));
    prop_assert_eq!(micros(wallet.available()) + micros(wallet.reserved), micros(wallet.balance));
    prop_assert!(micros(wallet.balance) >= 0 || micros(wallet.debt) > 0, "negative only by debt");
    prop_assert!(wallet.debt.is_zero() || wallet.lots.is_empty(), "lots pay debt");
    prop_assert!(wallet.lots.iter().all(|lot| lot.remaining.is_positive()));
    let due = wallet.due().is_some_and(|due| due.micros() <= now);
    prop_assert!(!due, "something is due after {:?}", last);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_says(steps in steps(150)) {
        let mut world = World::new();
        for step in steps {
            world.play(step.clone())?;
            let Step::Command { wallet, command, .. } = step else { continue };
            let Some(after) = world.wallets.get(&wallet) else { continue };
            agree(after, &world.model.wallets[&wallet], i128::from(world.now))?;
            // A rejected command records nothing, not even what is due.
            if world.log.last().is_some_and(|last| last.envelope.time.micros() >= world.now) {
                is_sound(after, &command, world.now)?;
            }
        }
        log::obeys_the_laws(&world.log, &world.wallets)?;
    }

    #[test]
    fn a_batch_is_its_items_one_by_one(steps in steps(60), items in vec(crate::random::deduct(), 1..6), app in 0u128..2) {
        let mut world = World::new();
        for step in steps {
            world.play(step)?;
        }
        let app = Some(events::AppId(uuid::Uuid::from_u128(app)));
        let by = Asker { wallet: world::id(0), org: events::OrgId(uuid::Uuid::from_u128(2)), app, actor: None };
        world.now += 1_000;
        let Ok(batch) = world.decide(0, by, &Command::DeductBatch(items.clone())) else { return Ok(()) };
        let mut singles = world.clone();
        let mut slices = Vec::new();
        for item in items {
            let before = singles.log.len();
            let decision = singles.decide(0, by, &Command::Deduct(item)).expect("the wallet is there");
            for event in decision.events {
                let stamp = events::Time::from_micros(singles.now);
                let wallet = singles.wallets.remove(&0);
                let next = crate::stored::store(&mut singles.log, wallet, by, stamp, event);
                singles.wallets.insert(0, next);
                singles.now += 1;
            }
            let refused = |stored: &events::Recorded| matches!(stored.event, events::Event::CommandRefused(_));
            if singles.log[before..].iter().any(refused) {
                let due = ledger::decide_due(&world.wallets[&0], events::Time::from_micros(world.now), events::Position(0));
                let untouched = due.expect("a sound wallet").wallet;
                prop_assert_eq!((&batch.wallet.lots, batch.wallet.debt), (&untouched.lots, untouched.debt));
                let answers = batch.events.iter().filter(|event| event.asked().is_some());
                prop_assert_eq!(answers.count(), 1);
                return Ok(());
            }
            slices.extend(singles.log[before..].iter().filter_map(|stored| log::slices(&stored.event)));
        }
        prop_assert_eq!(batch.events.iter().filter_map(log::slices).collect::<Vec<_>>(), slices);
        let single = &singles.wallets[&0];
        let parts = |wallet: &Wallet| (wallet.balance, wallet.debt, wallet.lots.clone(), wallet.special.caps.clone());
        prop_assert_eq!(parts(&batch.wallet), parts(single));
    }

    #[test]
    fn deciding_is_a_function(steps in steps(40), last in crate::random::command()) {
        let mut world = World::new();
        for step in steps {
            world.play(step)?;
        }
        let by = Asker { wallet: world::id(0), org: events::OrgId(uuid::Uuid::from_u128(2)), app: None, actor: None };
        prop_assert_eq!(world.decide(0, by, &last), world.decide(0, by, &last));
    }
}
