//! Explanations, usage and liability, against plain sums over the whole log.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test may look for one kind of event")]

use std::collections::{BTreeMap, HashMap};

use credit_ledger::read::{Explained, Reads, UsageBy, UsageGroup, UsageQuery, When};
use events::{Credits, Currency, Event, OrgId, Period, Position, Recorded, Time, WalletId};
use projections::{Bases, Basis, Flow, Held, WalletRow};

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};

on_every_store!(
    every_lot_of_a_wallet_is_explained_at_every_position,
    usage_is_what_the_events_add_up_to,
    liability_is_what_the_wallets_hold_at_both_ends_of_any_period,
);

const DAY: i64 = 86_400_000_000;

fn micros(amount: Credits) -> i128 {
    i128::from(amount.micros())
}

/// What wallets hold after each event.
#[derive(Default)]
struct Rows {
    wallets: HashMap<WalletId, WalletRow>,
    bases: Bases,
}

impl Rows {
    fn apply(&mut self, recorded: &Recorded) {
        let Some(wallet) = recorded.wallet() else { return };
        self.bases.extend(Basis::of(&recorded.event).map(|basis| (recorded.envelope.position, basis)));
        let before = self.wallets.remove(&wallet);
        let (row, _) = WalletRow::apply(before, recorded, &self.bases).expect("a valid history");
        self.wallets.insert(wallet, row);
    }

    fn held(&self, org: OrgId) -> Held {
        let mut held = Held::default();
        self.wallets.values().filter(|row| row.org == org).for_each(|row| held.add(row));
        held
    }
}

async fn every_lot_of_a_wallet_is_explained_at_every_position<P: Place>() {
    let (history, bodies) = everything(91, 3, 900);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let (wallet, org, _) = history.wallets[0].clone();
    let events: Vec<Recorded> = recorded(&bodies);
    let (mut rows, mut spent) = (Rows::default(), BTreeMap::<Box<str>, i128>::new());
    let (mut expired, mut given_back) = (0, 0);
    for recorded in &events {
        let at = When::Position(recorded.envelope.position);
        let told = match reads.explanation(wallet, at, 1_000).await.expect("a read") {
            Explained::Told(told) => Some(*told),
            Explained::Unknown => None,
            Explained::TooLong => panic!("too long"),
        };
        assert_eq!(told.is_some(), rows.wallets.contains_key(&wallet));
        if let (Some(told), Some(row)) = (told, rows.wallets.get(&wallet)) {
            assert!(told.foots(), "{told:?}");
            assert_eq!(
                (told.org, told.balances.balance, told.debt.owed),
                (org, row.balance, micros(row.debt))
            );
            let mut left: BTreeMap<Position, (i128, i128)> = BTreeMap::new();
            row.lots.iter().for_each(|lot| left.entry(lot.id).or_default().0 += micros(lot.remaining));
            let held = row.holds.iter().flat_map(|hold| &hold.slices);
            held.for_each(|lot| left.entry(lot.id).or_default().1 += micros(lot.remaining));
            let stories = told.lots.iter().filter(|lot| lot.free + lot.held > 0);
            assert_eq!(stories.map(|lot| (lot.lot, (lot.free, lot.held))).collect::<BTreeMap<_, _>>(), left);
            let mut by_service = BTreeMap::<Box<str>, i128>::new();
            for (service, amount) in told.lots.iter().flat_map(|lot| &lot.spent).chain(&told.debt.spent) {
                *by_service.entry(service.clone()).or_default() += amount;
            }
            assert_eq!(by_service, spent);
            assert_eq!(told.lots.iter().map(|lot| lot.expired).sum::<i128>(), expired);
            let to_formed: i128 =
                told.lots.iter().filter(|lot| formed(&events, lot.lot)).map(|lot| lot.amount).sum();
            let back: i128 = told.lots.iter().map(|lot| lot.given_back).sum();
            assert_eq!(back + told.debt.given_back + to_formed, given_back);
        }
        rows.apply(recorded);
        if recorded.wallet() == Some(wallet) {
            match &recorded.event {
                Event::CreditsDeducted(e) => *spent.entry(e.service.clone()).or_default() += micros(e.cost),
                Event::HoldCaptured(e) => *spent.entry(e.service.clone()).or_default() += micros(e.amount),
                Event::CreditsExpired(e) => expired += micros(e.amount),
                Event::DeductionRolledBack(e) => given_back += micros(e.amount),
                _ => {}
            }
        }
    }
    assert!(spent.len() == 3 && expired > 0 && given_back > 0, "the history is too dull");
    reads.close().await;
}

fn formed(events: &[Recorded], lot: Position) -> bool {
    matches!(events[lot.get() as usize].event, Event::DeductionRolledBack(_))
}

/// Days, apps and services of an organization, by looking at every event.
fn counted(events: &[Recorded], query: &UsageQuery) -> BTreeMap<UsageGroup, (u64, i128, u64, i128)> {
    let mut lines: BTreeMap<UsageGroup, (u64, i128, u64, i128)> = BTreeMap::new();
    for recorded in events.iter().filter(|recorded| recorded.envelope.org == Some(query.org)) {
        let day = Period::Day.start(recorded.envelope.time);
        let (app, service, add) = match &recorded.event {
            Event::CreditsDeducted(e) => {
                (recorded.envelope.app, e.service.clone(), (1, micros(e.cost), 0, 0))
            }
            Event::HoldCaptured(e) => {
                // Whoever captures, the app that held has spent.
                let holder = events[e.hold.get() as usize].envelope.app;
                (holder, e.service.clone(), (1, micros(e.amount), 0, 0))
            }
            Event::DeductionRolledBack(e) => {
                (e.spender, e.service.clone().expect("a service"), (0, 0, 1, micros(e.amount)))
            }
            _ => continue,
        };
        if day < Period::Day.start(query.from) || day >= query.until {
            continue;
        }
        let by = |what| query.by.contains(&what);
        let group = UsageGroup {
            day: by(UsageBy::Day).then_some(day),
            app: by(UsageBy::App).then_some(app),
            service: by(UsageBy::Service).then_some(service),
        };
        let line = lines.entry(group).or_default();
        *line = (line.0 + add.0, line.1 + add.1, line.2 + add.2, line.3 + add.3);
    }
    lines
}

async fn usage_is_what_the_events_add_up_to<P: Place>() {
    let (history, bodies) = everything(92, 8, 3_000);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let events = recorded(&bodies);
    let (first, last) = (events[0].envelope.time, events[events.len() - 1].envelope.time);
    assert!(last.micros() - first.micros() > 3 * DAY, "the history is too short");
    let middle = first.plus_micros((last.micros() - first.micros()) / 2);
    let all = [UsageBy::Day, UsageBy::App, UsageBy::Service];
    let (ever, never) = (Time::from_micros(i64::MAX), Time::from_micros(i64::MIN));
    let times =
        [(never, ever), (first, middle), (middle, ever), (middle, Period::Day.start(middle)), (ever, never)];
    for org in history.orgs.iter().copied().chain([OrgId(uuid::Uuid::nil())]) {
        for mask in 0..8_usize {
            let by: Vec<UsageBy> =
                all.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1).map(|(_, by)| *by).collect();
            for (from, until) in times {
                let query = UsageQuery { org, from, until, by: by.clone() };
                let report = reads.usage(query.clone()).await.expect("a read");
                let lines = report.lines.iter().map(|(group, counts)| {
                    (group.clone(), (counts.spendings, counts.spent, counts.rollbacks, counts.returned))
                });
                let expected = counted(&events, &query);
                assert_eq!(lines.collect::<BTreeMap<_, _>>(), expected, "{query:?}");
                let total: i128 = expected.values().map(|line| line.1 - line.3).sum();
                assert_eq!((report.total.net(), report.as_of), (total, end(&bodies)));
            }
        }
    }
    reads.close().await;
}

async fn liability_is_what_the_wallets_hold_at_both_ends_of_any_period<P: Place>() {
    let (history, bodies) = everything(93, 12, 9_500);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let events = recorded(&bodies);
    let mut rows = Rows::default();
    let mut held = Vec::new();
    for (index, recorded) in events.iter().enumerate() {
        // Around the marks, and everywhere else now and then.
        if index % 97 == 0 || (index + 2) % 4_096 < 4 {
            held.push((
                Position(index as u64),
                history.orgs.iter().map(|org| rows.held(*org)).collect::<Vec<_>>(),
            ));
        }
        rows.apply(recorded);
    }
    held.push((end(&bodies), history.orgs.iter().map(|org| rows.held(*org)).collect()));
    for (number, (to, at_end)) in held.iter().enumerate() {
        let (from, at_start) = &held[number * 7 % (number + 1)];
        for (org, (opening, closing)) in history.orgs.iter().zip(at_start.iter().zip(at_end)) {
            let report =
                reads.liability(*org, When::Position(*from), When::Position(*to)).await.expect("a read");
            let forward = &report.forward;
            assert_eq!((report.from.position, report.to.position), (*from, *to));
            assert_eq!(
                (forward.opening, forward.closing),
                (opening.standing, closing.standing),
                "{from} to {to}"
            );
            for line in &forward.values {
                let deferred = |held: &Held| held.deferred.get(&line.currency).copied().unwrap_or(0);
                assert_eq!(
                    (line.opening, line.closing),
                    (deferred(opening), deferred(closing)),
                    "{from} to {to}"
                );
            }
            let within = |recorded: &&Recorded| (*from..*to).contains(&recorded.envelope.position);
            let of_org = events.iter().filter(within).filter(|recorded| recorded.envelope.org == Some(*org));
            let bought: i128 = of_org.filter_map(|recorded| bought(&recorded.event)).sum();
            let flow = forward.flows.iter().find(|line| line.flow == Flow::Purchased).expect("a flow");
            assert_eq!(flow.change.paid, bought);
            for line in &forward.values {
                let [before, after] =
                    [from, to].map(|until| paid_and_refunded(&events, *org, line.currency, *until));
                let (paid, refunded) = (after.0 - before.0, after.1 - before.1);
                assert_eq!((line.paid(), line.refunded()), (paid, refunded), "{from} to {to}");
                let adjusted = line.flows.iter().find(|(flow, _)| *flow == Flow::Adjusted).expect("a flow").1;
                let earned = line.recognised() + line.breakage();
                assert_eq!(paid - refunded + adjusted, earned + line.closing - line.opening, "{line:?}");
            }
        }
    }
    let currencies =
        reads.liability(history.orgs[0], When::Position(Position(0)), When::Position(end(&bodies)));
    assert_eq!(currencies.await.expect("a read").forward.values.len(), 2, "euros and dollars");
    reads.close().await;
}

/// What was paid for an organization's credits below a position, and what was given back at their price.
fn paid_and_refunded(events: &[Recorded], org: OrgId, currency: Currency, until: Position) -> (i128, i128) {
    let mut bases = Bases::default();
    let (mut paid, mut refunded) = (0, 0);
    for recorded in events.iter().filter(|one| one.envelope.org == Some(org)) {
        if recorded.envelope.position >= until {
            break;
        }
        if let Some(basis) = Basis::of(&recorded.event).filter(|basis| basis.currency == currency) {
            paid += i128::from(basis.paid);
            bases.insert(recorded.envelope.position, basis);
        }
        if let Event::PurchaseRefunded(e) = &recorded.event
            && let Some(basis) = bases.get(&e.purchase)
        {
            let before = e.refunded.checked_sub(e.amount).expect("what was refunded before");
            refunded += i128::from(basis.value(e.refunded)) - i128::from(basis.value(before));
        }
    }
    (paid, refunded)
}

fn bought(event: &Event) -> Option<i128> {
    if let Event::CreditsPurchased(e) = event { Some(micros(e.amount)) } else { None }
}
