//! `policy set|show`: how the organization wants its wallets treated.

use hyper::Method;
use serde_json::{Value, json};

use super::values::{OrNone, or_none, span};
use crate::cli::{change::Rehearsal, client::Query, context::Context, failure::Outcome, output::Column};

const PATH: &str = "/v1/policy";
const POLICY: &[Column] = &[
    Column::new("returned_to_expired", "/returned_to_expired/rule"),
    Column::new("for seconds", "/returned_to_expired/seconds"),
    Column::new("cost_of_priced_service", "/cost_of_priced_service"),
    Column::new("approval_above", "/approval_above"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("dry_run", "/dry_run"),
];

/// Set and show how the organization wants its wallets treated
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Set what is named; the rest of the policy stays as it is
    #[command(after_help = "Examples:\n  credit-ledger policy set --approval-above 1000\n  \
        credit-ledger policy set --returned-to-expired grace:30d --cost-of-priced-service forbidden")]
    Set(Set),
    /// Show the policy
    #[command(after_help = "Example:\n  credit-ledger policy show")]
    Show,
}

/// Options of `policy set`.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("named").required(true).multiple(true)
    .args(["returned_to_expired", "cost_of_priced_service", "approval_above"]))]
pub(in crate::cli) struct Set {
    /// What a rollback does with credits whose lot has expired: `original` lets them expire again at
    /// once, `grace:30d` lets them live so long, `reissue` as long as the lot once did
    #[arg(long, value_name = "RULE", value_parser = returned)]
    returned_to_expired: Option<Value>,
    /// Whether a request may state a cost for a service that has a price
    #[arg(long, value_parser = ["allowed", "forbidden"])]
    cost_of_priced_service: Option<String>,
    /// Adjustments above so many credits, either way, need a second person; `none` for none
    #[arg(long, value_name = "CREDITS|none", value_parser = or_none)]
    approval_above: Option<OrNone>,
    #[command(flatten)]
    rehearsal: Rehearsal,
}

/// `original`, `reissue`, or `grace` with a span, as the API has it.
fn returned(text: &str) -> Result<Value, String> {
    match text.split_once(':') {
        Some(("grace", time)) => Ok(json!({ "rule": "grace", "seconds": span(time)?.as_secs() })),
        None if ["original", "reissue"].contains(&text) => Ok(json!({ "rule": text })),
        _ => Err("expected original, reissue, or grace with a span, such as grace:30d".to_owned()),
    }
}

impl PolicyCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Set(set) => set.run(context).await,
            Self::Show => {
                context
                    .ledger(async |client, out| {
                        out.one(&client.get_fresh(Query::of(PATH)).await?.json()?, POLICY)
                    })
                    .await
            }
        }
    }
}

impl Set {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = self.rehearsal.path(PATH);
        context
            .ledger_or_new(Some(&self.rehearsal), async |client, out| {
                let mut policy = client.get_fresh(Query::of(PATH)).await?.json()?;
                if let Some(rule) = self.returned_to_expired {
                    policy["returned_to_expired"] = rule;
                }
                if let Some(rule) = self.cost_of_priced_service {
                    policy["cost_of_priced_service"] = json!(rule);
                }
                if let Some(OrNone(above)) = self.approval_above {
                    policy["approval_above"] = json!(above);
                }
                out.one(&client.change(Method::PUT, path.as_str(), None, &policy).await?.json()?, POLICY)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_has_a_span_and_nothing_else_has_one() {
        assert_eq!(returned("grace:1h"), Ok(json!({ "rule": "grace", "seconds": 3_600 })));
        assert_eq!(returned("reissue"), Ok(json!({ "rule": "reissue" })));
        for bad in ["", "grace", "grace:", "reissue:1h", "never"] {
            assert!(returned(bad).is_err(), "{bad}");
        }
    }
}
