//! What an engine does around a decision: it looks up facts, stamps the events and stores them.

use events::{
    AppId, CommandId, Credits, DeductionRolledBack, Envelope, Event, LedgerId, LotTerms, OrgId, Position,
    Recorded, Salt, Slice, Subject, Time, WalletId,
};
use ledger::{Command, Deduction, Facts, PastHold, PastLot, PastPurchase, Proposal, Wallet};
use uuid::Uuid;

/// Who asks, and of which wallet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) wallet: WalletId,
    pub(crate) org: OrgId,
    pub(crate) app: Option<AppId>,
    pub(crate) actor: Option<&'static str>,
}

/// The envelope of the wallet's next event.
pub(crate) fn envelope(
    log: &[Recorded],
    wallet: Option<&Wallet>,
    by: Asker,
    time: Time,
    event: &Event,
) -> Envelope {
    let seq = wallet.map_or(0, |wallet| wallet.account_seq);
    Envelope {
        id: CommandId(Uuid::nil()).event(0),
        ledger: LedgerId(Uuid::from_u128(4)),
        subject: Subject::Wallet(by.wallet),
        time,
        org: Some(by.org),
        app: by.app,
        actor: by.actor.map(Box::from),
        position: Position(log.len() as u64),
        account_seq: Some(seq + u64::from(event.changes_wallet())),
        previous: wallet.map(|wallet| wallet.last),
        correlation: None,
        causation: CommandId(Uuid::nil()),
        traceparent: None,
        salt: Salt([0; 16]),
    }
}

/// Stores and reads back one event; the wallet that a replay makes of it.
pub(crate) fn store(
    log: &mut Vec<Recorded>,
    wallet: Option<Wallet>,
    by: Asker,
    time: Time,
    event: Event,
) -> Wallet {
    let mut bytes = Vec::new();
    let envelope = envelope(log, wallet.as_ref(), by, time, &event);
    events::encode(&envelope, &event, &mut bytes).expect("an event that fits");
    let recorded = events::decode(&bytes).expect("the event just stored");
    assert_eq!(recorded.event, event, "stored and read back");
    let next = ledger::evolve(wallet, &recorded).expect("an event that follows");
    log.push(recorded);
    next
}

/// What the command refers to. The log's positions are its indexes.
pub(crate) fn facts(log: &[Recorded], command: &Command) -> Facts {
    let Some(position) = command.refers_to() else { return Facts::default() };
    let Some(recorded) = log.get(position.get() as usize) else { return Facts::default() };
    let Some(wallet) = recorded.wallet() else { return Facts::default() };
    let (mut facts, app) = (Facts::default(), recorded.envelope.app);
    facts.deduction = deduction(log, recorded);
    if let Event::CreditsPurchased(e) = &recorded.event {
        let mut refunded = Credits::ZERO;
        for stored in log {
            if let Event::PurchaseRefunded(refund) = &stored.event
                && refund.purchase == position
            {
                refunded = refund.refunded;
            }
        }
        facts.purchase = Some(PastPurchase { wallet, amount: e.amount, expires: e.lot.expires, refunded });
    }
    if let Event::AdjustmentProposed(e) = &recorded.event {
        let approves = |stored: &Recorded| matches!(&stored.event, Event::CreditsAdjusted(e) if e.proposal == Some(position));
        facts.proposal = Some(Proposal {
            wallet,
            amount: e.amount,
            lot: e.lot,
            reason: e.reason.clone(),
            by: recorded.envelope.actor.clone(),
            approved: log.iter().any(approves),
        });
    }
    if let Event::CreditsHeld(_) = &recorded.event {
        facts.hold = Some(PastHold { wallet, app, id: position });
    }
    facts
}

fn deduction(log: &[Recorded], recorded: &Recorded) -> Option<Deduction> {
    let envelope = &recorded.envelope;
    let (service, budget, cost, slices, overdrawn, app) = if let Event::CreditsDeducted(e) = &recorded.event {
        (&e.service, &e.budget, e.cost, e.slices.clone(), e.overdrawn, envelope.app)
    } else if let Event::HoldCaptured(e) = &recorded.event {
        // An operator may capture too; the credits are still spent by the app that held them.
        let app = log[e.hold.get() as usize].envelope.app;
        let slices = e.slices.iter().chain(&e.beyond).copied().collect();
        (&e.service, &e.budget, e.amount, slices, e.overdrawn, app)
    } else {
        return None;
    };
    let rollbacks = log.iter().filter_map(|recorded| rollback(&recorded.event));
    let returned = rollbacks.filter(|e| e.deduction == envelope.position).map(|e| e.returned).next_back();
    Some(Deduction {
        wallet: recorded.wallet()?,
        service: service.clone(),
        app,
        time: envelope.time,
        budget: budget.clone(),
        cost,
        lots: slices.iter().map(|slice| lot(log, slice)).collect(),
        slices,
        overdrawn,
        returned: returned.unwrap_or(Credits::ZERO),
    })
}

fn lot(log: &[Recorded], slice: &Slice) -> PastLot {
    let recorded = &log[slice.lot.get() as usize];
    let terms: Option<LotTerms> = if let Event::CreditsPurchased(e) = &recorded.event {
        Some(e.lot)
    } else if let Event::CreditsGranted(e) = &recorded.event {
        Some(e.lot)
    } else if let Event::CreditsAdjusted(e) = &recorded.event {
        e.lot
    } else if let Event::DeductionRolledBack(e) = &recorded.event {
        e.formed.map(|formed| formed.terms)
    } else {
        None
    };
    PastLot { made: recorded.envelope.time, terms: terms.expect("an event that made a lot") }
}

/// The event, when it is a rollback.
pub(crate) const fn rollback(event: &Event) -> Option<&DeductionRolledBack> {
    if let Event::DeductionRolledBack(e) = event { Some(e) } else { None }
}
