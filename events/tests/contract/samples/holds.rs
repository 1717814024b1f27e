//! Credits that are reserved.

use events::{
    Balances, Credits, CreditsHeld, HoldCaptured, HoldExpired, HoldExtended, HoldReleased, Position, Slices,
};

use super::{Sample, asked, bare, credits, full, keyless, metadata, priced, slices, time};

fn holding(balance: &str, available: &str, reserved: &str) -> Balances {
    Balances { balance: credits(balance), available: credits(available), reserved: credits(reserved) }
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = placed_and_captured();
    samples.extend(ended());
    samples
}

fn placed_and_captured() -> Vec<Sample> {
    let held = CreditsHeld {
        asked: None,
        service: "chat".into(),
        amount: credits("1.5"),
        cap: credits("1.5"),
        expires: time("2026-11-21T09:45:00.000001Z"),
        slices: slices(&[(12, "1.5")]),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        metadata: None,
        wallet: holding("10", "8.5", "1.5"),
    };
    let full_held = CreditsHeld {
        asked: Some(asked()),
        cap: credits("6"),
        slices: slices(&[(12, "1"), (40, "0.25")]),
        overdrawn: credits("0.25"),
        price: Some(priced().into()),
        budget: Some("agent-7".into()),
        metadata: Some(metadata()),
        wallet: holding("1.25", "-0.25", "1.5"),
        ..held.clone()
    };
    let captured = HoldCaptured {
        asked: keyless(),
        hold: Position(1_048_570),
        service: "chat".into(),
        amount: credits("1.5"),
        captured: credits("1.5"),
        slices: slices(&[(12, "1.5")]),
        beyond: Slices::new(),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        metadata: None,
        wallet: holding("8.5", "8.5", "0"),
    };
    let full_captured = HoldCaptured {
        asked: asked(),
        captured: credits("2.5"),
        slices: slices(&[(12, "0.5"), (40, "0.25")]),
        beyond: slices(&[(40, "0.25"), (41, "0.25")]),
        overdrawn: credits("0.25"),
        price: Some(priced().into()),
        budget: Some("agent-7".into()),
        metadata: Some(metadata()),
        wallet: holding("-0.25", "-0.25", "0"),
        ..captured.clone()
    };
    vec![
        full("01-full", full_held),
        bare("02-bare", held),
        full("01-full", full_captured),
        bare("02-bare", captured),
    ]
}

fn ended() -> Vec<Sample> {
    let hold = Position(1_048_570);
    let extended = HoldExtended {
        asked: keyless(),
        hold,
        expires: time("2026-11-21T10:30:00.000001Z"),
        wallet: holding("10", "8.5", "1.5"),
    };
    let full_extended = HoldExtended { asked: asked(), ..extended.clone() };
    let released = HoldReleased {
        asked: None,
        hold,
        amount: Credits::ZERO,
        slices: Slices::new(),
        settled: Slices::new(),
        wallet: holding("10", "10", "0"),
    };
    let full_released = HoldReleased {
        asked: Some(asked()),
        amount: credits("1.5"),
        slices: slices(&[(12, "0.75"), (40, "0.5")]),
        settled: slices(&[(12, "0.75"), (40, "0.25")]),
        ..released.clone()
    };
    let expired = HoldExpired {
        hold,
        amount: credits("1.5"),
        slices: slices(&[(12, "1.5")]),
        settled: Slices::new(),
        wallet: holding("10", "10", "0"),
    };
    let full_expired = HoldExpired { settled: slices(&[(12, "0.5")]), ..expired.clone() };
    vec![
        full("01-full", full_extended),
        bare("02-bare", extended),
        full("01-full", full_released),
        bare("02-bare", released),
        full("01-full", full_expired),
        bare("02-bare", expired),
    ]
}
