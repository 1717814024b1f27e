//! What happened is found again by who, what and when, is counted by day, and is forgotten in time.

use credit_ledger::identity::vault::{
    Activity, ActivityCount, ActivityKind, ActivityPage, ActivityQuery, MAX_AGENT_CHARS, Outcome,
};
use events::{AppId, OrgId, Time};
use uuid::Uuid;

use super::{
    on_every_vault,
    subject::{Subject, at, user},
};

on_every_vault![it_is_found_again, it_is_paged, it_is_counted_by_day, it_is_forgotten];

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const OTHER_ORG: OrgId = OrgId(Uuid::from_u128(2));
const APP: AppId = AppId(Uuid::from_u128(3));
const DAY: i64 = 86_400;

fn sign_in(number: u128, outcome: Outcome, time: Time) -> Activity {
    Activity::new(ActivityKind::SignIn, outcome, ORG, time).by(user(number))
}

/// Midnight of a day, some days later.
fn midnight(days: i64) -> Time {
    at(0).plus_micros(-(at(0).micros() % (DAY * 1_000_000)) + days * DAY * 1_000_000)
}

async fn find(subject: &Subject, query: ActivityQuery) -> Vec<Activity> {
    let ActivityPage { items, .. } = subject.beside.activity(query).await.expect("a page");
    assert!(items.is_sorted_by(|a, b| a.number > b.number), "newest first");
    items.into_iter().map(|recalled| recalled.activity).collect()
}

async fn it_is_found_again(subject: &Subject) {
    let agent = format!("Mozilla/5.0 ü\n\u{0}{}", "x".repeat(1000));
    let whole = sign_in(1, Outcome::Refused, at(5))
        .through(APP)
        .from(Some("2001:db8::1".parse().expect("an address")), Some(&agent))
        .detailed("wrong password");
    assert_eq!(whole.agent.as_ref().map(|agent| agent.chars().count()), Some(MAX_AGENT_CHARS));
    let bare = Activity::new(ActivityKind::Token, Outcome::Done, ORG, at(6));
    let elsewhere = Activity::new(ActivityKind::Token, Outcome::Done, OTHER_ORG, at(7)).by(user(1));
    subject.vault.note(vec![whole.clone(), bare.clone(), elsewhere.clone()]).await.expect("noted");
    subject.vault.note(Vec::new()).await.expect("nothing to do");
    let all = ActivityQuery::of(ORG, 9);
    assert_eq!(find(subject, all.clone()).await, [bare.clone(), whole.clone()]);
    assert_eq!(find(subject, ActivityQuery::of(OTHER_ORG, 9)).await, [elsewhere]);
    let only_whole = [
        ActivityQuery { user: Some(user(1)), ..all.clone() },
        ActivityQuery { app: Some(APP), ..all.clone() },
        ActivityQuery { kind: Some(ActivityKind::SignIn), ..all.clone() },
        ActivityQuery { outcome: Some(Outcome::Refused), ..all.clone() },
        ActivityQuery { time: at(5)..at(6), ..all.clone() },
    ];
    for query in only_whole {
        assert_eq!(find(subject, query.clone()).await, std::slice::from_ref(&whole), "{query:?}");
    }
    for nothing in [
        ActivityQuery { user: Some(user(2)), ..all.clone() },
        ActivityQuery { user: Some(user(1)), kind: Some(ActivityKind::Token), ..all.clone() },
        ActivityQuery { time: at(7)..at(99), ..all.clone() },
    ] {
        assert_eq!(find(subject, nothing).await, []);
    }
}

async fn it_is_paged(subject: &Subject) {
    let noted: Vec<_> = (0..7).map(|n| sign_in(1 + n % 2, Outcome::Done, at(n as i64))).collect();
    subject.vault.note(noted.clone()).await.expect("noted");
    let mut query = ActivityQuery { user: Some(user(1)), ..ActivityQuery::of(ORG, 2) };
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = subject.vault.activity(query.clone()).await.expect("a page");
        pages += 1;
        found.extend(page.items.into_iter().map(|recalled| recalled.activity));
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    let mut wanted: Vec<_> = noted.into_iter().filter(|activity| activity.user == Some(user(1))).collect();
    wanted.reverse();
    assert_eq!(found, wanted);
    assert_eq!(pages, 3, "2, 2 and none, which the last full page could not know");
}

async fn it_is_counted_by_day(subject: &Subject) {
    let noted = vec![
        sign_in(1, Outcome::Done, midnight(0)),
        sign_in(1, Outcome::Done, midnight(1).plus_micros(-1)),
        sign_in(2, Outcome::Refused, midnight(0)),
        sign_in(1, Outcome::Done, midnight(1)),
        Activity::new(ActivityKind::Token, Outcome::Done, OTHER_ORG, midnight(0)),
    ];
    subject.vault.note(noted).await.expect("noted");
    let count = |day, outcome, count| ActivityCount {
        day: midnight(day),
        kind: ActivityKind::SignIn,
        outcome,
        count,
    };
    let all = [count(0, Outcome::Done, 2), count(0, Outcome::Refused, 1), count(1, Outcome::Done, 1)];
    let counted = async |query| subject.vault.activity_counts(query).await.expect("counts");
    assert_eq!(counted(ActivityQuery::of(ORG, 99)).await, all);
    assert_eq!(counted(ActivityQuery::of(ORG, 2)).await, all[..2]);
    let second = ActivityQuery { user: Some(user(2)), ..ActivityQuery::of(ORG, 99) };
    assert_eq!(counted(second).await, all[1..2]);
}

async fn it_is_forgotten(subject: &Subject) {
    let noted: Vec<_> = (0..9).map(|n| sign_in(1, Outcome::Done, at(n))).collect();
    subject.vault.note(noted.clone()).await.expect("noted");
    assert_eq!(subject.vault.forget_activity(at(5), 3).await, Ok(3));
    assert_eq!(subject.vault.forget_activity(at(5), 3).await, Ok(2));
    assert_eq!(subject.vault.forget_activity(at(5), 3).await, Ok(0));
    let mut left = noted[5..].to_vec();
    left.reverse();
    assert_eq!(find(subject, ActivityQuery::of(ORG, 99)).await, left);
}
