//! Credits that come in, are taken back, or are corrected.

use events::{
    AdjustmentProposed, Balances, Class, Credits, CreditsAdjusted, CreditsGranted, CreditsPurchased,
    Currency, Position, Price, ProposedLot, PurchaseRefunded, RefundCause, Slices,
};

use super::{Sample, asked, bare, credits, full, holding, keyless, paid, promotional, slices, time};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = coming_in();
    samples.extend(refunds());
    samples.extend(adjustments());
    samples
}

fn coming_in() -> Vec<Sample> {
    let expires = Some(time("2027-11-21T00:00:00Z"));
    let purchase = CreditsPurchased {
        asked: keyless(),
        amount: credits("0.000001"),
        lot: paid(None),
        payment_reference: None,
        price_paid: None,
        settled: Slices::new(),
        wallet: holding("0.000001"),
    };
    let price = Price {
        amount: "19.990".parse().expect("a price"),
        currency: Currency::parse("EUR").expect("a currency"),
    };
    let full_purchase = CreditsPurchased {
        asked: asked(),
        amount: Credits::MAX,
        lot: paid(expires),
        payment_reference: Some("pi_3Q\"x\"".into()),
        price_paid: Some(price),
        settled: slices(&[(1_048_576, "4.25")]),
        wallet: holding("9223372036850.525807"),
    };
    let grant = CreditsGranted {
        asked: keyless(),
        amount: credits("25"),
        lot: promotional(None),
        reason: None,
        settled: Slices::new(),
        wallet: holding("25"),
    };
    let full_grant = CreditsGranted {
        asked: asked(),
        lot: promotional(expires),
        reason: Some("welcome".into()),
        settled: slices(&[(1_048_576, "1.5")]),
        wallet: Balances { balance: credits("23.5"), available: credits("19"), reserved: credits("4.5") },
        ..grant.clone()
    };
    vec![
        full("03-with-settled-debt", full_purchase),
        bare("02-bare", purchase),
        full("03-with-settled-debt", full_grant),
        bare("02-bare", grant),
    ]
}

fn refunds() -> Vec<Sample> {
    let refund = PurchaseRefunded {
        asked: keyless(),
        purchase: Position(12),
        cause: RefundCause::Refund,
        amount: credits("10"),
        refunded: credits("10"),
        taken: credits("10"),
        debt: Credits::ZERO,
        settled: Slices::new(),
        reason: None,
        payment_reference: None,
        wallet: holding("0"),
    };
    let chargeback = PurchaseRefunded {
        asked: asked(),
        cause: RefundCause::Chargeback,
        refunded: credits("15"),
        taken: credits("2.5"),
        debt: credits("7.5"),
        settled: slices(&[(40, "3"), (41, "1")]),
        reason: Some("disputed".into()),
        payment_reference: Some("dp_1".into()),
        wallet: Balances { balance: credits("-1.5"), available: credits("-3.5"), reserved: credits("2") },
        ..refund.clone()
    };
    vec![full("01-full", chargeback), bare("02-bare", refund)]
}

fn adjustments() -> Vec<Sample> {
    let lasting = ProposedLot { class: Class::Paid, priority: 255, expires_after: None };
    let proposed = AdjustmentProposed {
        asked: keyless(),
        amount: credits("-500"),
        lot: None,
        reason: "wrong import".into(),
        wallet: holding("600"),
    };
    let full_proposed = AdjustmentProposed {
        asked: asked(),
        amount: credits("500"),
        lot: Some(ProposedLot { class: Class::Promotional, expires_after: Some(86_400_000_000), ..lasting }),
        ..proposed.clone()
    };
    let for_ever = AdjustmentProposed { lot: Some(lasting), ..full_proposed.clone() };
    let taken = CreditsAdjusted {
        asked: keyless(),
        amount: credits("-3"),
        lot: None,
        slices: slices(&[(12, "1"), (40, "2")]),
        settled: Slices::new(),
        reason: "counted twice".into(),
        proposal: None,
        proposed_by: None,
        wallet: holding("97"),
    };
    let added = CreditsAdjusted {
        asked: asked(),
        amount: credits("500"),
        lot: Some(promotional(Some(time("2026-11-22T09:30:00Z")))),
        slices: Slices::new(),
        settled: slices(&[(1_048_576, "2")]),
        proposal: Some(Position(1_048_570)),
        proposed_by: Some("key/6f5da3c7-12e8-4e90-8b2d-ae973c50b706".into()),
        wallet: holding("498"),
        ..taken.clone()
    };
    vec![
        full("01-full", full_proposed),
        bare("02-bare", proposed),
        bare("03-for-ever", for_ever),
        full("01-full", added),
        bare("02-bare", taken),
    ]
}
