//! Credits that are asked about, spent, given back, and that run out.

use events::{
    BatchItem, Credits, CreditsChecked, CreditsDeducted, CreditsExpired, DeductionRolledBack, FormedLot,
    Position, Slices,
};

use super::{
    APP, Sample, asked, bare, credits, full, holding, keyless, metadata, paid, priced, promotional, returned,
    slices, time,
};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = checks_and_deductions();
    samples.extend(rollbacks());
    let expired = CreditsExpired { lot: Position(12), amount: credits("3.25"), wallet: holding("-1.5") };
    samples.extend([full("01-full", expired.clone()), bare("02-bare", expired)]);
    samples
}

fn checks_and_deductions() -> Vec<Sample> {
    let check = CreditsChecked {
        asked: keyless(),
        service: "chat".into(),
        cost: credits("0.5"),
        sufficient: false,
        price: None,
        budget: None,
        hold: None,
        wallet: holding("0"),
    };
    let full_check = CreditsChecked {
        asked: asked(),
        cost: credits("1.5"),
        sufficient: true,
        price: Some(priced().into()),
        budget: Some("agent-7".into()),
        hold: Some(Position(1_048_577)),
        wallet: holding("12"),
        ..check.clone()
    };
    let deduction = CreditsDeducted {
        asked: Some(keyless()),
        service: "chat".into(),
        cost: credits("1.5"),
        slices: slices(&[(12, "1.5")]),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        batch: None,
        metadata: None,
        wallet: holding("98.5"),
    };
    let full_deduction = CreditsDeducted {
        asked: Some(asked()),
        slices: slices(&[(12, "0.25"), (40, "1"), (1_000_000, "0.125")]),
        overdrawn: credits("0.125"),
        price: Some(priced().into()),
        budget: Some("agent-7".into()),
        batch: Some(BatchItem { index: 2, size: 3 }),
        metadata: Some(metadata()),
        wallet: holding("-0.125"),
        ..deduction.clone()
    };
    let item =
        CreditsDeducted { asked: None, batch: Some(BatchItem { index: 0, size: 3 }), ..deduction.clone() };
    let on_credit =
        CreditsDeducted { slices: Slices::new(), overdrawn: credits("1.5"), ..full_deduction.clone() };
    vec![
        full("03-with-a-price-and-a-hold", full_check),
        bare("02-bare", check),
        full("05-with-a-price-and-a-budget", full_deduction),
        bare("02-bare", deduction),
        bare("03-item-of-a-batch", item),
        bare("04-on-credit", on_credit),
    ]
}

fn rollbacks() -> Vec<Sample> {
    let rollback = DeductionRolledBack {
        asked: keyless(),
        deduction: Position(41),
        service: Some("chat".into()),
        spender: None,
        spent: Some(time("2026-11-20T23:59:59.999999Z")),
        budget: None,
        amount: credits("1.5"),
        returned: credits("1.5"),
        slices: vec![returned(12, "1.5", paid(None))],
        overdrawn: Credits::ZERO,
        formed: None,
        settled: Slices::new(),
        reason: None,
        wallet: holding("100"),
    };
    let full_rollback = DeductionRolledBack {
        asked: asked(),
        spender: Some(APP),
        budget: Some("agent-7".into()),
        amount: credits("1.25"),
        returned: credits("2"),
        slices: vec![
            returned(40, "0.5", promotional(Some(time("2027-01-01T00:00:00Z")))),
            returned(12, "0.25", paid(None)),
        ],
        overdrawn: credits("0.5"),
        formed: Some(FormedLot { amount: credits("0.125"), terms: paid(None) }),
        settled: slices(&[(40, "0.5"), (12, "0.125")]),
        reason: Some("the model failed".into()),
        ..rollback.clone()
    };
    // As they were stored before rollbacks said what had been bought.
    let first = DeductionRolledBack { service: None, spent: None, ..rollback.clone() };
    let full_first = DeductionRolledBack {
        asked: asked(),
        amount: credits("0.75"),
        slices: vec![
            returned(40, "0.5", promotional(Some(time("2027-01-01T00:00:00Z")))),
            returned(12, "0.25", paid(None)),
        ],
        reason: Some("the model failed".into()),
        ..first.clone()
    };
    let of_credit = DeductionRolledBack { slices: Vec::new(), overdrawn: credits("1.5"), ..rollback.clone() };
    vec![
        full("01-full", full_first),
        bare("02-bare", first),
        bare("03-of-what-was-on-credit", of_credit),
        full("04-with-its-spender", full_rollback),
        bare("05-with-what-was-bought", rollback),
    ]
}
