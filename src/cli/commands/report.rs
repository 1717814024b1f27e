//! `report usage|liability`: what apps spent, and what is owed.

use serde_json::{Value, json};

use crate::cli::{
    client::Query,
    context::Context,
    failure::Outcome,
    output::{Column, Format},
};

const USAGE: &[Column] = &[
    Column::new("day", "/day"),
    Column::new("app", "/app"),
    Column::new("app_name", "/app_name"),
    Column::new("service", "/service"),
    Column::new("spendings", "/spendings"),
    Column::new("spent", "/spent"),
    Column::new("rollbacks", "/rollbacks"),
    Column::new("returned", "/returned"),
    Column::new("net", "/net"),
];
const PERIOD: &[Column] = &[
    Column::new("organization", "/organization"),
    Column::new("from", "/from/time"),
    Column::new("from position", "/from/position"),
    Column::new("to", "/to/time"),
    Column::new("to before position", "/to/position"),
];
const CREDITS: &[Column] = &[
    Column::new("line", "/flow"),
    Column::new("paid", "/paid"),
    Column::new("promotional", "/promotional"),
    Column::new("debt", "/debt"),
    Column::new("balance", "/balance"),
];
const REVENUE: &[Column] =
    &[Column::new("currency", "/currency"), Column::new("line", "/flow"), Column::new("amount", "/change")];

/// Report what apps spent, and what is owed
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum ReportCommand {
    /// What apps spent on services, day by day
    #[command(
        after_help = "Examples:\n  credit-ledger report usage --from 2026-11-01 --to 2026-12-01 --by app,service\n  \
        credit-ledger report usage --by day -o csv > days.csv"
    )]
    Usage(Usage),
    /// What is owed in credits: opening, what came and went, closing; and deferred revenue by currency
    #[command(
        after_help = "Examples:\n  credit-ledger report liability --from 2026-11-01 --to 2026-12-01\n  \
        credit-ledger report liability --to 1000 -o json"
    )]
    Liability(Liability),
}

/// Options of `report usage`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Usage {
    /// The first day, in UTC; the first one there is when absent
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The day after the last one, in UTC; to the last one there is when absent
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// What gets a line of its own, between commas: app, service, day
    #[arg(long, value_name = "NAMES", default_value = "app,service,day")]
    by: String,
}

/// Options of `report liability`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Liability {
    /// Where the period begins: a position, a time or a date; the first event when absent
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Where it ends, exclusively; now when absent
    #[arg(long, value_name = "MOMENT")]
    to: Option<String>,
}

impl ReportCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Usage(usage) => usage.run(context).await,
            Self::Liability(liability) => liability.run(context).await,
        }
    }
}

impl Usage {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let query = Query::of("/v1/reports/usage")
            .maybe("from", self.from.as_ref())
            .maybe("to", self.to.as_ref())
            .with("by", &self.by);
        let columns = self.columns();
        context
            .ledger(async |client, out| {
                let mut report = client.get_fresh(query).await?.json()?;
                if out.format.is_json() {
                    return out.one(&report, &[]);
                }
                let mut lines = taken(&mut report["data"]);
                if out.is_for_people() {
                    let mut total = report["total"].take();
                    // Below the first column, whichever that is.
                    for name in ["day", "app", "service"] {
                        total[name] = json!("total");
                    }
                    lines.push(total);
                }
                out.many(&lines, &columns)
            })
            .await
    }

    /// The columns with anything in them.
    fn columns(&self) -> Vec<Column> {
        let by = |name: &str| self.by.split(',').any(|by| by.trim() == name);
        let shown = |column: &&Column| match column.name {
            "app_name" => by("app"),
            name @ ("day" | "app" | "service") => by(name),
            _ => true,
        };
        USAGE.iter().filter(shown).copied().collect()
    }
}

impl Liability {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let query = Query::of("/v1/reports/liability").maybe("from", self.from).maybe("to", self.to);
        context
            .ledger(async |client, out| {
                if out.format == Format::Csv {
                    let answer = client.get_fresh(query.with("format", "csv")).await?;
                    return out.line(answer.body.trim_end());
                }
                let mut report = client.get_fresh(query).await?.json()?;
                if out.format.is_json() {
                    return out.one(&report, &[]);
                }
                out.one(&report, PERIOD)?;
                out.heading("Credits")?;
                out.many(&credits(&mut report), CREDITS)?;
                let revenue = revenue(&mut report);
                if revenue.is_empty() {
                    return Ok(());
                }
                out.heading("Deferred revenue")?;
                out.many(&revenue, REVENUE)
            })
            .await
    }
}

/// The flows between what was there and what is.
fn credits(report: &mut Value) -> Vec<Value> {
    let edge = |name: &str, mut owed: Value| {
        owed["flow"] = json!(name);
        owed
    };
    let mut lines = vec![edge("opening", report["opening"].take())];
    lines.append(&mut taken(&mut report["flows"]));
    lines.push(edge("closing", report["closing"].take()));
    lines
}

/// The same of each currency's deferred revenue, and what of it was earned.
fn revenue(report: &mut Value) -> Vec<Value> {
    let mut lines = Vec::new();
    for mut of_currency in taken(&mut report["deferred_revenue"]) {
        let currency = of_currency["currency"].take();
        let flows = taken(&mut of_currency["flows"]);
        let mut add = |flow: &Value, change: &Value| {
            lines.push(json!({ "currency": currency, "flow": flow, "change": change }));
        };
        add(&json!("opening"), &of_currency["opening"]);
        flows.iter().for_each(|line| add(&line["flow"], &line["change"]));
        for name in ["closing", "recognised", "breakage"] {
            add(&json!(name), &of_currency[name]);
        }
    }
    lines
}

fn taken(list: &mut Value) -> Vec<Value> {
    list.as_array_mut().map(std::mem::take).unwrap_or_default()
}
