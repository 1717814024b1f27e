//! `price set|list`: what the units of services cost.

use std::collections::BTreeMap;

use events::{Time, UnitPrice};
use hyper::Method;
use serde_json::{Value, json};

use super::values::set;
use crate::cli::{
    change::Rehearsal,
    client::{Query, escaped},
    context::Context,
    failure::{Failure, Outcome},
    output::{Column, Output},
};

const SET: &[Column] = &[
    Column::new("service", "/service"),
    Column::new("version", "/version"),
    Column::new("units", "/units"),
    Column::new("valid_from", "/valid_from"),
    Column::new("valid_until", "/valid_until"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("dry_run", "/dry_run"),
];
const LISTED: &[Column] = &[
    Column::new("service", "/service"),
    Column::new("unit", "/unit"),
    Column::new("credits", "/credits"),
    Column::new("per", "/per"),
    Column::new("version", "/version"),
    Column::new("current", "/current"),
    Column::new("valid_from", "/valid_from"),
    Column::new("valid_until", "/valid_until"),
];

/// Set and list what the units of services cost
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum PriceCommand {
    /// Set what the units of a service cost, as a new version of its price
    #[command(after_help = "Examples:\n  \
        credit-ledger price set chat --unit input_tokens=0.15/1000000 --unit output_tokens=0.6/1000000\n  \
        credit-ledger price set images --unit images=4 --valid-from 2027-01-01T00:00:00Z\n  \
        credit-ledger price set images --none")]
    Set(Set),
    /// List every version of every price, past and future ones too
    #[command(after_help = "Example:\n  credit-ledger price list")]
    List,
}

/// Options of `price set`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Set {
    /// The service
    service: String,
    /// So many credits for one unit or, behind a slash, for so many; once for each kind of unit
    #[arg(long = "unit", value_name = "UNIT=CREDITS[/PER]", value_parser = unit)]
    units: Vec<(String, UnitPrice)>,
    /// Set no unit, so that the service has no price any more
    #[arg(long, conflicts_with = "units")]
    none: bool,
    /// From when on it holds, such as 2027-01-01T00:00:00Z; from now on, when absent
    #[arg(long, value_name = "TIME")]
    valid_from: Option<Time>,
    /// Until when, exclusively; for ever, when absent
    #[arg(long, value_name = "TIME")]
    valid_until: Option<Time>,
    #[command(flatten)]
    rehearsal: Rehearsal,
}

/// A unit and its price, such as `images=4` or `tokens=0.15/1000000`.
fn unit(text: &str) -> Result<(String, UnitPrice), String> {
    let (unit, price) =
        text.split_once('=').ok_or("expected a unit and its price, such as tokens=0.15/1000000")?;
    let (credits, per) = price.split_once('/').unwrap_or((price, "1"));
    let credits = credits.parse().map_err(|error| format!("{credits}: {error}"))?;
    let per = per.parse().map_err(|error| format!("{per}: {error}"))?;
    Ok((unit.to_owned(), UnitPrice { credits, per }))
}

impl PriceCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Set(set) => set.run(context).await,
            Self::List => {
                context
                    .ledger(async |client, out| print(out, client.all_fresh(Query::of("/v1/prices")).await?))
                    .await
            }
        }
    }
}

impl Set {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = self.rehearsal.path(format!("/v1/prices/{}", escaped(&self.service)));
        let priced = |(unit, price): &(String, UnitPrice)| {
            (unit.clone(), json!({ "credits": price.credits, "per": price.per }))
        };
        let units: BTreeMap<_, _> = self.units.iter().map(priced).collect();
        if units.is_empty() && !self.none {
            let what = "a price needs at least one --unit, such as --unit tokens=0.15/1000000";
            return Err(Failure::Usage(what.to_owned()));
        }
        if units.len() < self.units.len() {
            return Err(Failure::Usage("--unit names a unit twice: each has one price".to_owned()));
        }
        let mut body = json!({ "units": units });
        set(&mut body, "valid_from", self.valid_from.as_ref());
        set(&mut body, "valid_until", self.valid_until.as_ref());
        context
            .ledger_or_new(Some(&self.rehearsal), async |client, out| {
                out.one(&client.change(Method::PUT, path.as_str(), None, &body).await?.json()?, SET)
            })
            .await
    }
}

/// As the API lists them, or, in tables and CSV, a row for each unit.
fn print(out: &mut Output<'_>, versions: Vec<Value>) -> Outcome {
    if out.format.is_json() {
        return out.many(&versions, LISTED);
    }
    let mut rows = Vec::new();
    for mut version in versions {
        let units = version.get_mut("units").map(Value::take);
        let units = units.as_ref().and_then(Value::as_object).filter(|units| !units.is_empty());
        match units {
            Some(units) => rows.extend(units.iter().map(|(unit, price)| {
                let mut row = version.clone();
                row["unit"] = json!(unit);
                row["credits"] = json!(price.get("credits"));
                row["per"] = json!(price.get("per"));
                row
            })),
            None => rows.push(version),
        }
    }
    out.many(&rows, LISTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_a_price_for_one_or_for_many() {
        let price = |text| unit(text).map(|(unit, price)| (unit, price.credits.to_string(), price.per));
        assert_eq!(price("images=4"), Ok(("images".into(), "4".into(), 1)));
        assert_eq!(price("tokens=0.15/1000000"), Ok(("tokens".into(), "0.15".into(), 1_000_000)));
        for bad in ["images", "images=", "images=4/", "images=4/-1", "images=four"] {
            assert!(unit(bad).is_err(), "{bad}");
        }
    }
}
