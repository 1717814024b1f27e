//! Prices and policies hold from the very next command on, and only when they are stored.

use std::{collections::BTreeMap, sync::Arc};

use credit_ledger::{
    engine::{Ask, EngineError, Fact},
    log::faulty::Fault,
};
use events::{
    CommandId, CostPolicy, Event, OrgId, PolicySet, Position, PriceSet, Quantity, Recorded, Refusal, Subject,
    Time, UnitPrice,
};
use ledger::{Charge, Command, Deduct};
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;

use crate::support::{
    ground::{Ground, Ledger, START_MICROS, idle},
    words::{CALLER, Caller, ask, ask_by, balance, credits, deduct, deduction, purchase, wallet},
};

fn rule(number: u128, org: OrgId, event: impl Into<Event>) -> Fact {
    let (id, subject) = (CommandId(Uuid::from_u128(number)), Subject::Organization(org));
    Fact { id, subject, org: Some(org), app: None, actor: Some("key/1".into()), event: event.into() }
}

/// Chat costs so many credits a token.
fn price(credits_a_token: &str) -> PriceSet {
    let price = UnitPrice { credits: credits(credits_a_token), per: 1 };
    let units = BTreeMap::from([("tokens".into(), price)]);
    PriceSet { service: "chat".into(), units, valid_from: Time::from_micros(0), valid_until: None }
}

fn only_prices() -> PolicySet {
    PolicySet { cost_of_priced_service: CostPolicy::Forbidden, ..PolicySet::default() }
}

fn tokens(key: &str, count: i64) -> Ask {
    let count = Quantity::from_micros(count * 1_000_000).expect("a quantity");
    let charge = Charge::Usage(BTreeMap::from([("tokens".into(), count)]));
    ask(key, Command::Deduct(Deduct { charge, ..deduction(1) }))
}

fn refusal(recorded: &Recorded) -> Option<Refusal> {
    if let Event::CommandRefused(e) = &recorded.event { Some(e.refusal) } else { None }
}

async fn ruled(ledger: &Ledger, number: u128, event: impl Into<Event>) -> Position {
    ledger.engine.record(rule(number, CALLER.org, event)).await.expect("recorded").envelope.position
}

async fn rules(
    ledger: &Ledger,
    number: u128,
    event: PriceSet,
) -> JoinHandle<Result<Arc<Recorded>, EngineError>> {
    let (engine, fact) = (ledger.engine.clone(), rule(number, CALLER.org, event));
    let waiting = tokio::spawn(async move { engine.record(fact).await });
    idle().await;
    waiting
}

#[tokio::test]
async fn a_price_holds_for_the_commands_behind_it_in_the_same_group() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    // The first group is in flight, so that the others wait for one another in the next.
    let first = ledger.posted(tokens("D1", 1)).await;
    let one = rules(&ledger, 1, price("2")).await;
    let second = ledger.posted(tokens("D2", 3)).await;
    let other = rules(&ledger, 2, price("5")).await;
    let third = ledger.posted(tokens("D3", 3)).await;
    release.send(()).expect("an append that waits");
    let answer = |task: JoinHandle<Result<credit_ledger::engine::Receipt, EngineError>>| async {
        Arc::unwrap_or_clone(task.await.expect("no panic").expect("a receipt").recorded)
    };
    assert_eq!(refusal(&answer(first).await), Some(Refusal::NoPrice));
    let versions = [one, other].map(|fact| async { fact.await.expect("no panic").expect("recorded") });
    for (task, version, left) in [(second, 0, "94"), (third, 1, "79")] {
        let paid = answer(task).await;
        assert_eq!(balance(&paid), credits(left));
        let Event::CreditsDeducted(e) = &paid.event else { panic!("{paid:?}") };
        assert_eq!(e.price.as_ref().expect("a price").version.get(), 4 + 2 * version);
    }
    for version in versions {
        version.await;
    }
}

#[tokio::test]
async fn a_rule_that_was_not_stored_holds_for_nobody() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    ruled(&ledger, 1, price("2")).await;
    ledger.ground.log.script([Fault::Unavailable]);
    let lost = ledger.engine.record(rule(2, CALLER.org, price("50"))).await;
    assert!(matches!(lost, Err(EngineError::Unavailable(_))), "{lost:?}");
    assert_eq!(balance(&ledger.fresh(tokens("D1", 10)).await), credits("80"));
    ruled(&ledger, 3, only_prices()).await;
    assert_eq!(refusal(&ledger.fresh(ask("D2", deduct(1))).await), Some(Refusal::CostForbidden));
}

#[tokio::test]
async fn rules_are_an_organization_s_own() {
    let ledger = Ground::memory().start().await;
    let other = Caller { org: OrgId(Uuid::from_u128(0xb)), ..CALLER };
    ledger.fresh(ask_by(other, wallet(2), "P1", purchase(100))).await;
    ruled(&ledger, 1, price("2")).await;
    ruled(&ledger, 2, only_prices()).await;
    ledger.fresh(ask_by(other, wallet(2), "D1", deduct(1))).await;
}

#[tokio::test]
async fn rules_survive_a_restart_wherever_the_projections_were() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    ruled(&ledger, 1, price("1")).await;
    ruled(&ledger, 2, only_prices()).await;
    let version = ruled(&ledger, 3, price("2")).await;
    let ground = ledger.end().await;
    let head = ground.head().await.get();
    for published in 0..=head {
        for folded in [published, head] {
            let copy = ground.copy().await;
            copy.cold.advance(Position(published)).await;
            // What is loaded may be newer than what was announced.
            copy.cold.fold(Position(folded)).await;
            let ledger = copy.start().await;
            let paid = ledger.fresh(tokens("D1", 10)).await;
            let Event::CreditsDeducted(e) = &paid.event else { panic!("{paid:?}") };
            assert_eq!((e.cost, e.price.as_ref().expect("a price").version), (credits("20"), version));
            assert_eq!(refusal(&ledger.fresh(ask("D2", deduct(1))).await), Some(Refusal::CostForbidden));
        }
    }
}

#[tokio::test]
async fn a_price_holds_from_its_moment_on() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    ruled(&ledger, 1, price("1")).await;
    let tomorrow = Time::from_micros(START_MICROS).plus_micros(86_400_000_000);
    ruled(&ledger, 2, PriceSet { valid_from: tomorrow, ..price("2") }).await;
    assert_eq!(balance(&ledger.fresh(tokens("D1", 10)).await), credits("90"));
    ledger.pass(std::time::Duration::from_secs(86_400));
    assert_eq!(balance(&ledger.fresh(tokens("D2", 10)).await), credits("70"));
}
