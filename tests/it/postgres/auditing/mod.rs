//! The auditors' and operators' commands, as they are typed, on a ledger in PostgreSQL.

mod commands;
mod importing;
mod looking;
mod moving;
mod rebuilding;

use crate::support::{postgres::Database, typed::Home};

const WALLET: &str = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

/// A ledger in which a few commands were run.
async fn begun(home: &Home) {
    home.json(&format!("purchase {WALLET} 100")).await;
    home.json(&format!("deduct {WALLET} 1 --service chat")).await;
    home.json(&format!("deduct {WALLET} 2 --service chat")).await;
}

fn home(database: &Database) -> Home {
    Home::in_database(&database.url())
}
