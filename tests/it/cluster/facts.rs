//! Facts are recorded once, and names stay unique, whichever process is asked.

use credit_ledger::{
    engine::{EngineError, Fact},
    log::faulty::Fault,
};
use events::{AuthEvent, CommandId, Event, OrgId, OrganizationRegistered, Subject};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::nodes::{Shared, TestNode};

fn registered(number: u128, name: &str) -> Fact {
    let org = OrgId(Uuid::from_u128(number));
    Fact {
        id: CommandId(Uuid::from_u128(number << 64)),
        subject: Subject::Organization(org),
        org: Some(org),
        app: None,
        actor: None,
        event: OrganizationRegistered { organization: org, name: name.into() }.into(),
    }
}

#[tokio::test]
async fn a_name_is_taken_for_all_as_soon_as_it_is_taken_for_one() {
    let shared = Shared::new();
    let writer = TestNode::start(&shared, 1).await;
    writer.is("writer").await;
    let standby = TestNode::start(&shared, 2).await;
    standby.is("standby").await;
    let first = standby.record(registered(1, "shop")).await.expect("a node that lives").expect("recorded");
    assert_eq!(shared.events().await.last(), Some(&*first));
    assert!(writer.identity.organization_by_name("shop").is_some(), "the writer knows at once");
    // The standby's own directory has not heard of it.
    let second = standby.record(registered(2, "shop")).await.expect("a node that lives");
    assert!(matches!(second, Err(EngineError::Contradicted)), "{second:?}");
    let head = shared.events().await.len();
    let again = standby.record(registered(1, "shop")).await.expect("a node that lives");
    assert!(matches!(again, Err(EngineError::Contradicted)), "it is not under way: {again:?}");
    assert_eq!(shared.events().await.len(), head);
}

#[tokio::test]
async fn a_fact_whose_answer_was_lost_is_found_and_not_recorded_twice() {
    let shared = Shared::new();
    let mut writer = TestNode::start(&shared, 1).await;
    writer.is("writer").await;
    let standby = TestNode::start(&shared, 2).await;
    standby.is("standby").await;
    let (_never, held) = oneshot::channel();
    writer.log.script([Fault::LostAnswer, Fault::Held(held)]);
    writer.log.fail_reads(1);
    let waiting = standby.record(registered(1, "shop"));
    while writer.log.faults_left() > 1 {
        tokio::task::yield_now().await;
    }
    writer.kill();
    let recorded = waiting.await.expect("a node that lives").expect("an answer");
    standby.writes_after(1).await;
    let events = shared.events().await;
    let stored: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.event, Event::Auth(AuthEvent::OrganizationRegistered(_))))
        .collect();
    assert_eq!(stored, [&*recorded]);
    assert!(standby.identity.organization_by_name("shop").is_some(), "taken in with the tail");
}
