//! The whole credit, in one wallet: limit, debt, holds, refunds, corrections.

use events::{
    AdjustmentProposed, BalanceLow, Balances, CapSet, Class, Credits, CreditsAdjusted, CreditsChecked,
    CreditsDeducted, CreditsGranted, CreditsHeld, CreditsPurchased, Currency, DeductionRolledBack, Event,
    FormedLot, HoldCaptured, HoldExpired, HoldExtended, HoldReleased, LimitSet, LotTerms, Period, PolicySet,
    Position, Price, ProposedLot, PurchaseRefunded, Recorded, RefundCause, ReturnedSlice, Slices,
    ThresholdSet, Time, WalletFrozen, WalletOpened, WalletUnfrozen,
};

use super::{app, asked, command, credits, recorded, slice, terms};

/// What a rollback brings back when nobody knows who paid: bought, for ever, late to burn.
const FORMED: LotTerms = LotTerms { class: Class::Paid, priority: 100, expires: None };

/// Balance and reserved.
fn states(balance: i64, reserved: i64) -> Balances {
    let (balance, reserved) = (credits(balance), credits(reserved));
    Balances { balance, available: balance.checked_sub(reserved).expect("in range"), reserved }
}

fn slices(parts: &[(u64, i64)]) -> Slices {
    parts.iter().map(|&(lot, whole)| slice(lot, whole)).collect()
}

pub(crate) fn purchase(whole: i64, euros: Option<i64>, settled: &[(u64, i64)], wallet: Balances) -> Event {
    let currency = Currency::parse("EUR").expect("a currency");
    let price = |euros: i64| Price { amount: credits(euros).into(), currency };
    CreditsPurchased {
        asked: asked(),
        amount: credits(whole),
        lot: terms(Class::Paid, None),
        payment_reference: None,
        price_paid: euros.map(price),
        settled: slices(settled),
        wallet,
    }
    .into()
}

fn grant(whole: i64, wallet: Balances) -> Event {
    let (asked, amount, lot) = (asked(), credits(whole), terms(Class::Promotional, Some(9_000)));
    CreditsGranted { asked, amount, lot, reason: None, settled: Slices::new(), wallet }.into()
}

fn hold(whole: i64, cap: i64, expires: i64, parts: &[(u64, i64)], alone: bool, wallet: Balances) -> Event {
    CreditsHeld {
        asked: alone.then(asked),
        service: "agent".into(),
        amount: credits(whole),
        cap: credits(cap),
        expires: Time::from_micros(expires),
        slices: slices(parts),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        metadata: None,
        wallet,
    }
    .into()
}

fn capture(whole: i64, captured: i64, parts: &[(u64, i64)], overdrawn: i64, wallet: Balances) -> Event {
    HoldCaptured {
        asked: asked(),
        hold: Position(7),
        service: "agent".into(),
        amount: credits(whole),
        captured: credits(captured),
        slices: slices(parts),
        beyond: Slices::new(),
        overdrawn: credits(overdrawn),
        price: None,
        budget: None,
        metadata: None,
        wallet,
    }
    .into()
}

fn deduct(whole: i64, parts: &[(u64, i64)], overdrawn: i64, wallet: Balances) -> Event {
    CreditsDeducted {
        asked: Some(asked()),
        service: "chat".into(),
        cost: credits(whole),
        slices: slices(parts),
        overdrawn: credits(overdrawn),
        price: None,
        budget: None,
        batch: None,
        metadata: None,
        wallet,
    }
    .into()
}

fn roll_back(wallet: Balances) -> Event {
    DeductionRolledBack {
        asked: asked(),
        deduction: Position(9),
        service: Some("chat".into()),
        spender: Some(app()),
        spent: Some(Time::from_micros(1_009)),
        budget: None,
        amount: credits(60),
        returned: credits(60),
        slices: vec![ReturnedSlice {
            lot: Position(2),
            amount: credits(50),
            terms: terms(Class::Paid, None),
        }],
        overdrawn: credits(10),
        formed: Some(FormedLot { amount: credits(10), terms: FORMED }),
        settled: Slices::new(),
        reason: None,
        wallet,
    }
    .into()
}

fn refund(wallet: Balances) -> Event {
    PurchaseRefunded {
        asked: asked(),
        purchase: Position(2),
        cause: RefundCause::Refund,
        amount: credits(80),
        refunded: credits(80),
        taken: credits(50),
        debt: credits(30),
        settled: slices(&[(12, 30)]),
        reason: None,
        payment_reference: None,
        wallet,
    }
    .into()
}

fn propose(whole: i64, wallet: Balances) -> Event {
    let (asked, amount, lot): (_, _, Option<ProposedLot>) = (asked(), credits(whole), None);
    AdjustmentProposed { asked, amount, lot, reason: "a slip".into(), wallet }.into()
}

fn adjust(whole: i64, parts: &[(u64, i64)], proposal: Option<u64>, wallet: Balances) -> Event {
    CreditsAdjusted {
        asked: asked(),
        amount: credits(whole),
        lot: (whole > 0).then(|| terms(Class::Promotional, None)),
        slices: slices(parts),
        settled: Slices::new(),
        reason: "a slip".into(),
        proposal: proposal.map(Position),
        proposed_by: proposal.map(|_| "ann".into()),
        wallet,
    }
    .into()
}

fn check_and_hold(wallet: Balances) -> Event {
    CreditsChecked {
        asked: asked(),
        service: "agent".into(),
        cost: credits(5),
        sufficient: true,
        price: None,
        budget: None,
        hold: Some(Position(21)),
        wallet,
    }
    .into()
}

fn release(amount: i64, parts: &[(u64, i64)], wallet: Balances) -> Event {
    let (asked, hold, amount) = (Some(asked()), Position(21), credits(amount));
    HoldReleased { asked, hold, amount, slices: slices(parts), settled: Slices::new(), wallet }.into()
}

fn expire(amount: i64, parts: &[(u64, i64)], wallet: Balances) -> Event {
    let (hold, amount) = (Position(24), credits(amount));
    HoldExpired { hold, amount, slices: slices(parts), settled: Slices::new(), wallet }.into()
}

fn cap(amount: Option<i64>, wallet: Balances) -> Event {
    let (asked, app, amount) = (asked(), app(), amount.map(credits));
    CapSet { asked, app, budget: None, period: Period::Day, amount, wallet }.into()
}

/// Wallet 1 ends with 9 credits: 6 of a lot that a rollback formed, 3 of a correction.
pub(crate) fn history() -> Vec<Recorded> {
    let w = states;
    let events: Vec<Event> = vec![
        PolicySet { approval_above: Some(credits(3)), ..PolicySet::default() }.into(),
        WalletOpened { asked: Some(asked()), wallet: w(0, 0) }.into(),
        purchase(100, Some(10), &[], w(100, 0)),
        grant(10, w(110, 0)),
        LimitSet { asked: asked(), limit: credits(20), wallet: w(110, 0) }.into(),
        ThresholdSet { asked: asked(), threshold: Some(credits(3)), wallet: w(110, 0) }.into(),
        cap(Some(140), w(110, 0)),
        hold(60, 70, 5_000, &[(3, 10), (2, 50)], true, w(110, 60)),
        capture(25, 25, &[(3, 10), (2, 15)], 0, w(85, 35)),
        deduct(60, &[(2, 50)], 10, w(25, 35)),
        BalanceLow { threshold: credits(3), wallet: w(25, 35) }.into(),
        capture(45, 70, &[(2, 35)], 10, w(-20, 0)),
        purchase(50, None, &[(12, 20)], w(30, 0)),
        roll_back(w(90, 0)),
        refund(w(10, 0)),
        propose(-4, w(10, 0)),
        adjust(-4, &[(13, 4)], Some(15), w(6, 0)),
        WalletFrozen { asked: asked(), reason: None, wallet: w(6, 0) }.into(),
        WalletUnfrozen { asked: asked(), reason: None, wallet: w(6, 0) }.into(),
        adjust(3, &[], None, w(9, 0)),
        check_and_hold(w(9, 0)),
        hold(5, 5, 5_000, &[(19, 3), (13, 2)], false, w(9, 5)),
        HoldExtended {
            asked: asked(),
            hold: Position(21),
            expires: Time::from_micros(6_000),
            wallet: w(9, 5),
        }
        .into(),
        release(5, &[(19, 3), (13, 2)], w(9, 0)),
        hold(2, 2, 1_025, &[(19, 2)], true, w(9, 2)),
        expire(2, &[(19, 2)], w(9, 0)),
        cap(None, w(9, 0)),
    ];
    let mut seq = 0;
    let mut chained = Vec::new();
    for (position, event) in (0..).zip(events) {
        seq += u64::from(event.changes_wallet());
        let previous = (position > 1).then(|| position - 1);
        let chain = (position > 0).then_some((1, seq, previous));
        chained.push(recorded(position, chain, event));
    }
    // The low balance is the deduction's news, the hold the check's.
    for (position, of) in [(10, 9), (21, 20)] {
        chained[position].envelope.causation = command(of);
        chained[position].envelope.id = command(of).event(1);
    }
    chained[15].envelope.actor = Some("ann".into());
    chained[16].envelope.actor = Some("bob".into());
    chained
}
