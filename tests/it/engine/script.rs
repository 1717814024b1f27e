//! A fixed story over three wallets that meets every rule once, to be told under many conditions.

use std::{collections::HashMap, sync::Arc, time::Duration};

use credit_ledger::engine::{Ask, EngineError};
use events::{Position, Recorded};
use ledger::Command;

use crate::support::{
    ground::Ledger,
    words::{CALLER, ask_by, check, deduct, expiring, grant, purchase, purchase_of, roll_back, wallet},
};

/// A line of the story.
#[derive(Debug, Clone)]
pub(super) enum Line {
    /// A command to a wallet, under a key.
    Do(u128, &'static str, Command),
    /// A rollback of an earlier command, whole or in part.
    Back(u128, &'static str, &'static str, Option<i64>),
    /// So many seconds pass.
    Pass(u64),
}

use Line::{Back, Do, Pass};

/// The story.
pub(super) fn story() -> Vec<Line> {
    vec![
        Do(1, "P1", purchase(100)),
        Do(1, "C1", check(30)),
        Do(1, "D1", deduct(30)),
        Do(2, "none", deduct(1)),
        Do(2, "P2", purchase_of(20, expiring(60))),
        Do(2, "G2", grant(15)),
        Do(2, "D2", deduct(25)),
        Back(2, "R2a", "D2", Some(7)),
        Do(3, "O3", Command::OpenWallet),
        Do(3, "D3", deduct(1)),
        Do(3, "P3", purchase(5)),
        Do(3, "O3b", Command::OpenWallet),
        Back(1, "R1", "D1", None),
        Back(1, "R1b", "D1", Some(1)),
        Back(1, "Rx", "P1", None),
        Pass(61),
        Back(2, "R2b", "D2", Some(11)),
        Do(2, "C2", check(16)),
        Do(1, "D1", deduct(31)),
        Do(1, "D4", deduct(40)),
        Do(3, "D5", deduct(5)),
        Back(3, "R5", "D5", Some(2)),
        Do(1, "P1", purchase(100)),
    ]
}

/// How the story goes on: most of it depends on what came before.
pub(super) fn sequel() -> Vec<Line> {
    vec![
        Back(1, "R4a", "D4", Some(39)),
        Back(1, "R4b", "D4", Some(2)),
        Back(2, "R2c", "D2", None),
        Back(3, "R5b", "D5", Some(4)),
        Back(3, "R5c", "D5", None),
        Do(1, "D6", deduct(98)),
        Do(1, "D7", deduct(2)),
        Do(2, "D8", deduct(16)),
        Do(2, "D9", deduct(15)),
        Do(3, "D10", deduct(5)),
        Do(2, "P2", purchase_of(20, expiring(60))),
        Do(3, "none", deduct(1)),
    ]
}

/// What the story said, key by key; replays left out.
pub(super) type Told = Vec<(Ask, Recorded)>;

/// Tells lines, `told` being what came before. `after` runs after each line.
pub(super) async fn tell(ledger: &Ledger, lines: Vec<Line>, told: &mut Told, mut after: impl AsyncFnMut()) {
    for line in lines {
        let asked = match line {
            Pass(seconds) => {
                ledger.pass(Duration::from_secs(seconds));
                continue;
            }
            Do(number, key, command) => ask_by(CALLER, wallet(number), key, command),
            Back(number, key, of, amount) => {
                ask_by(CALLER, wallet(number), key, roll_back(positions(told)[of], amount))
            }
        };
        match ledger.submit(asked.clone()).await {
            Ok(receipt) if receipt.replayed => {
                assert!(told.iter().any(|(_, recorded)| *recorded == *receipt.recorded), "{receipt:?}");
            }
            Ok(receipt) => told.push((asked, Arc::unwrap_or_clone(receipt.recorded))),
            Err(EngineError::Rejected(_) | EngineError::KeyReused) => {}
            Err(other) => panic!("{:?}: {other}", asked.asked.key),
        }
        after().await;
    }
}

fn positions(told: &Told) -> HashMap<&str, Position> {
    told.iter()
        .map(|(ask, recorded)| (ask.asked.key.as_deref().unwrap_or(""), recorded.envelope.position))
        .collect()
}
