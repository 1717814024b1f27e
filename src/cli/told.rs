//! How a demo is told: tables for people, or one JSON object.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    failure::Outcome,
    output::{Column, Format, Output},
};
use crate::demo::{story::App, summary::Summary};

/// Wallets in the table.
const TOP: usize = 10;

const APPS: &[Column] = &[
    Column::new("app", "/name"),
    Column::new("requests", "/requests"),
    Column::new("deducted", "/deducted"),
    Column::new("refused", "/refused"),
    Column::new("checked", "/checked"),
    Column::new("replayed", "/replayed"),
    Column::new("rolled back", "/rolled_back"),
    Column::new("spent", "/spent"),
    Column::new("returned", "/returned"),
];
const WALLETS: &[Column] = &[
    Column::new("wallet", "/wallet"),
    Column::new("requests", "/requests"),
    Column::new("deducted", "/deducted"),
    Column::new("refused", "/refused"),
    Column::new("purchased", "/purchased"),
    Column::new("granted", "/granted"),
    Column::new("spent", "/spent"),
    Column::new("returned", "/returned"),
    Column::new("balance", "/balance"),
];
const STEPS: &[Column] = &[
    Column::new("step", "/what"),
    Column::new("id", "/id"),
    Column::new("what", "/detail"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
];

/// Everything there is to tell.
pub(super) struct Told<'a> {
    pub(super) summary: &'a Summary,
    pub(super) verification: Value,
    pub(super) url: &'a str,
    pub(super) data_dir: &'a Path,
    pub(super) apps: &'a [App],
}

impl Told<'_> {
    /// Prints it; the ways to go on only while the server is there.
    pub(super) fn print(&self, out: &mut Output<'_>, serving: bool) -> Outcome {
        match out.format {
            Format::Json => out.json(&self.json()?),
            Format::Jsonl => out.line(&self.json()?.to_string()),
            Format::Csv => out.many(&values(&self.summary.wallets)?, WALLETS),
            Format::Table => {
                self.tables(out)?;
                if serving { self.ways_to_go_on(out) } else { Ok(()) }
            }
        }
    }

    fn json(&self) -> Outcome<Value> {
        let mut told = serde_json::to_value(self.summary)?;
        told["verify"] = self.verification.clone();
        told["url"] = json!(self.url);
        told["data_dir"] = json!(self.data_dir);
        Ok(told)
    }

    fn tables(&self, out: &mut Output<'_>) -> Outcome {
        let summary = self.summary;
        let mut apps = values(&summary.apps)?;
        apps.push(total(json!(summary.figures), "name")?);
        out.heading("Apps")?;
        out.many(&apps, APPS)?;
        let mut wallets = values(&summary.top(TOP))?;
        let mut all = total(json!(summary.figures), "wallet")?;
        all["purchased"] = json!(summary.total(|part| part.purchased)?);
        all["granted"] = json!(summary.total(|part| part.granted)?);
        all["balance"] = json!(summary.total(|part| part.balance)?);
        wallets.push(all);
        let count = summary.wallets.len();
        out.heading(&format!("Wallets: the {} of {count} that spent most", TOP.min(count)))?;
        out.many(&wallets, WALLETS)?;
        let figures = &summary.figures;
        out.heading(&format!(
            "{} requests: {} deducted + {} refused; {} repeated and answered alike, {} given back",
            figures.requests, figures.deducted, figures.refused, figures.replayed, figures.rolled_back
        ))?;
        if let Some(scene) = &summary.scene {
            let wallet = scene.wallet;
            out.heading(&format!("A scene beside it, in wallet {wallet}: a price, a hold and a refund"))?;
            out.many(&values(&scene.steps)?, STEPS)?;
        }
        out.heading("All of it")?;
        let events = self.verification.get("events").map(ToString::to_string).unwrap_or_default();
        out.line(&format!("verify: {events} events, chains and balances are right"))
    }

    fn ways_to_go_on(&self, out: &mut Output<'_>) -> Outcome {
        let Self { url, data_dir, .. } = self;
        let (Some(app), Some(part)) = (self.apps.first(), self.summary.wallets.first()) else {
            return Ok(());
        };
        let wallet = &part.wallet;
        out.heading("Go on with")?;
        out.line(&format!("  API docs  {url}/api/v1/docs"))?;
        out.line(&format!("  health    {url}/readyz?verbose=1"))?;
        out.line(&format!("  app       {} ({})", app.name, app.id))?;
        out.line(&format!("\n  export KEY={}", app.key))?;
        out.line(&format!("  curl -s -H \"X-API-Key: $KEY\" {url}/v1/wallets/{wallet}"))?;
        out.line(&format!(
            "  curl -s -H \"X-API-Key: $KEY\" -H 'Idempotency-Key: try-1' -H 'Content-Type: application/json' \\\n    \
             -d '{{\"service\":\"completion\",\"cost\":\"0.5\"}}' {url}/v1/wallets/{wallet}/deductions"
        ))?;
        out.line(&format!("  credit-ledger --data-dir {} statement {wallet}", data_dir.display()))?;
        out.line(&format!("  credit-ledger --data-dir {} tail --follow", data_dir.display()))
    }
}

fn values(parts: &[impl serde::Serialize]) -> Outcome<Vec<Value>> {
    Ok(parts.iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
}

/// The last row of a table.
fn total(mut figures: Value, name: &str) -> Outcome<Value> {
    figures[name] = json!("total");
    Ok(figures)
}
