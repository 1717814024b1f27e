//! `statement`: what a wallet held, what moved, and what it holds then.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use events::WalletId;
use serde_json::{Value, json};

use crate::cli::{
    client::{Client, Query},
    context::Context,
    failure::{Failure, Outcome},
    output::{Column, Output},
};

const LINE: &[Column] = &[
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("kind", "/kind"),
    Column::new("amount", "/amount"),
    Column::new("balance", "/balance"),
    Column::new("reserved", "/reserved"),
    Column::new("service", "/service"),
    Column::new("reason", "/reason"),
    Column::new("payment_reference", "/payment_reference"),
    Column::new("refers_to", "/refers_to"),
    Column::new("app", "/app"),
];

/// Show a wallet's statement: opening, every line that moved credits, closing
///
/// With --format it is a document: a page to print, a spreadsheet, or a journal that `hledger check`
/// or `bean-check` accepts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger statement 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11\n  \
    credit-ledger statement 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --from 2026-11-01 --to 2026-12-01 --format html --out november.html\n  \
    credit-ledger statement 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --format hledger --out wallet.journal")]
pub(in crate::cli) struct Statement {
    /// The wallet's id
    wallet: WalletId,
    /// Where it begins: a position, a time or a date; the first event when absent
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Where it ends, exclusively; now when absent
    #[arg(long, value_name = "MOMENT")]
    to: Option<String>,
    /// Write a document in this form
    #[arg(long, value_parser = ["json", "csv", "html", "hledger", "beancount"])]
    format: Option<String>,
    /// The file for the document; standard output when absent. A statement of more than 10,000 events
    /// makes further ones, FILE-2 and so on, each a statement of its own
    #[arg(long, value_name = "FILE", requires = "format")]
    out: Option<PathBuf>,
}

impl Statement {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        context
            .ledger(async |client, out| match &self.format {
                Some(format) => self.write(client, out, format).await,
                None => self.print(client, out).await,
            })
            .await
    }

    /// Asks for the statement, or the rest of it from `from` on.
    fn query(&self, from: Option<&str>, format: &str) -> Query {
        Query::of(format!("/v1/wallets/{}/statement", self.wallet))
            .maybe("from", from)
            .maybe("to", self.to.as_ref())
            .with("format", format)
    }

    async fn print(&self, client: &Client, out: &mut Output<'_>) -> Outcome {
        let mut whole = client.get_fresh(self.query(self.from.as_deref(), "json")).await?.json()?;
        while let Some(next) = whole["next_from"].as_str().map(str::to_owned) {
            let part = client.get(self.query(Some(&next), "json").as_str()).await?.json()?;
            append(&mut whole, part);
        }
        if out.format.is_json() {
            return out.one(&whole, &[]);
        }
        out.many(&rows(&whole), LINE)
    }

    async fn write(&self, client: &Client, out: &mut Output<'_>, format: &str) -> Outcome {
        let mut from = self.from.clone();
        for number in 1.. {
            let answer = client.get_fresh(self.query(from.as_deref(), format)).await?;
            let Some(out_file) = &self.out else {
                if answer.next.is_some() {
                    return Err(Failure::Usage(
                        "the statement has more than 10,000 events: name a file with --out, or a shorter period"
                            .into(),
                    ));
                }
                return out.line(answer.body.trim_end_matches('\n'));
            };
            let file = numbered(out_file, number);
            std::fs::write(&file, &answer.body).with_context(|| file.display().to_string())?;
            eprintln!("wrote {}", file.display());
            let Some(next) = answer.next else { break };
            from = Some(next.to_string());
        }
        Ok(())
    }
}

/// Goes on with the next part of the same statement.
fn append(whole: &mut Value, mut part: Value) {
    if let (Some(lines), Some(further)) = (whole["lines"].as_array_mut(), part["lines"].as_array_mut()) {
        lines.append(further);
    }
    for end in ["to", "closing", "next_from", "as_of_position"] {
        whole[end] = part[end].take();
    }
    if whole["next_from"].is_null()
        && let Some(members) = whole.as_object_mut()
    {
        members.remove("next_from");
    }
}

/// The lines between what the wallet held and what it holds.
fn rows(statement: &Value) -> Vec<Value> {
    let edge = |kind: &str, at: &str| {
        let (edge, standing) = (&statement[at], &statement[kind]);
        json!({
            "kind": kind,
            "position": edge["position"],
            "time": edge["time"],
            "balance": standing["balance"],
            "reserved": standing["reserved"],
        })
    };
    let lines = statement["lines"].as_array().into_iter().flatten().cloned();
    std::iter::once(edge("opening", "from")).chain(lines).chain([edge("closing", "to")]).collect()
}

/// The file of a part: `a.html`, `a-2.html`, and so on.
fn numbered(file: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return file.to_owned();
    }
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_files_of_their_own() {
        assert_eq!(numbered(Path::new("x/a.html"), 1), Path::new("x/a.html"));
        assert_eq!(numbered(Path::new("x/a.html"), 2), Path::new("x/a-2.html"));
        assert_eq!(numbered(Path::new("a"), 3), Path::new("a-3"));
    }

    #[test]
    fn parts_join_to_a_whole() {
        let mut whole =
            json!({ "lines": [1], "to": 5, "closing": "a", "next_from": "5", "as_of_position": 9 });
        append(&mut whole, json!({ "lines": [2, 3], "to": 8, "closing": "b", "as_of_position": 9 }));
        assert_eq!(whole, json!({ "lines": [1, 2, 3], "to": 8, "closing": "b", "as_of_position": 9 }));
    }
}
