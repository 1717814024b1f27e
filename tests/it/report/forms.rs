//! JSON, CSV and HTML.

use std::collections::BTreeMap;

use credit_ledger::report::{Form, Statement, statement::Line};
use events::{Credits, Event, Recorded};
use serde_json::Value;

use super::random::{Life, TEXTS};

fn written(statement: &Statement, form: Form) -> String {
    let mut text = Vec::new();
    form.write(statement, &mut text).expect("a vector takes everything");
    String::from_utf8(text).expect("UTF-8")
}

fn statement() -> Statement {
    let life = Life::of(5, 400);
    life.statement(20, life.events.len()).expect("a statement")
}

#[test]
fn json_has_exact_amounts_as_strings() {
    let statement = statement();
    let json: Value = serde_json::from_str(&written(&statement, Form::Json)).expect("JSON");
    assert_eq!(json["wallet"], statement.of.wallet.to_string());
    assert_eq!(json["from"]["position"], "20");
    assert_eq!(json["closing"]["balance"], statement.closing.balances.balance.to_string());
    let lines = json["lines"].as_array().expect("lines");
    let mut balance: Credits = json["opening"]["balance"].as_str().expect("text").parse().expect("credits");
    for line in lines {
        let amount: Credits = line["amount"].as_str().expect("text").parse().expect("credits");
        balance = balance.checked_add(amount).expect("in range");
        assert_eq!(line["balance"], balance.to_string());
        assert!(line["lots"].as_array().is_some_and(|lots| lots.iter().all(|lot| lot["class"].is_string())));
    }
    assert_eq!(lines.len(), statement.lines.len());
}

#[test]
fn csv_has_a_record_a_line_and_no_formula() {
    let statement = statement();
    let text = written(&statement, Form::Csv);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<BTreeMap<String, String>> =
        csv.deserialize().collect::<Result<_, _>>().expect("records of one length");
    assert_eq!(records.len(), statement.lines.len() + 2);
    let column = |name: &str| records.iter().map(|record| record[name].as_str()).collect::<Vec<_>>();
    assert_eq!(column("kind")[0], "opening");
    assert_eq!(
        column("balance").last().copied(),
        Some(statement.closing.balances.balance.to_string().as_str())
    );
    assert_eq!(column("debt").last().copied(), Some(statement.closing.debt.to_string().as_str()));
    for record in &records {
        for (name, cell) in record {
            let formula =
                cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<Credits>().is_err();
            assert!(!formula, "{name}: {cell}");
        }
    }
    assert!(column("service").contains(&"'=HYPERLINK(\"http://x\")"), "the texts were hostile");
    assert!(column("service").contains(&TEXTS[9]), "line breaks stay in their cell");
}

#[test]
fn html_holds_no_markup_of_users_and_loads_nothing() {
    let page = written(&statement(), Form::Html);
    for forbidden in ["<script", "</style></table>", "http://", "https://", "src=", "href=", "url(", "\0"] {
        let harmless = page.replace("&quot;http://x", "");
        assert!(!harmless.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the texts were hostile");
    let mut open = Vec::new();
    for tag in page.split('<').skip(1).map(|rest| rest.split('>').next().expect("a tag")) {
        let name = tag.split([' ', '\n']).next().expect("a name");
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "well nested"),
            None if ["!doctype", "meta"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let reflow = ["@media screen and (max-width: 60rem)", "<table class=\"lines\""];
    let needed = ["lang=\"en\"", "<caption>", "scope=\"col\"", "scope=\"row\"", "@media print", "<title>"];
    for needed in needed.into_iter().chain(reflow) {
        assert!(page.contains(needed), "{needed}");
    }
}

#[test]
fn all_amounts_of_a_page_have_as_many_decimals() {
    let page = written(&statement(), Form::Html);
    let body = page.split("</style>").nth(1).expect("a body");
    let amounts: Vec<&str> = body
        .split(['<', '>', ' ', '\u{b7}', ','])
        .filter(|word| word.parse::<Credits>().is_ok() && word.contains('.'))
        .collect();
    assert!(amounts.len() > 500, "{}", amounts.len());
    for amount in &amounts {
        let decimals = amount.rsplit('.').next().expect("decimals").len();
        assert_eq!(decimals, 6, "{amount}");
    }
    for detail in [" free", " held"] {
        assert!(body.contains(detail), "{detail}");
    }
}

#[test]
fn a_part_of_a_statement_says_that_more_follows() {
    let mut statement = statement();
    let says = |statement: &Statement, form| written(statement, form).contains("more follows");
    for form in [Form::Html, Form::Hledger, Form::Beancount] {
        assert!(!says(&statement, form), "{form:?}");
    }
    statement.next = Some(statement.to.position);
    for form in [Form::Html, Form::Hledger, Form::Beancount] {
        assert!(says(&statement, form), "{form:?}");
    }
    let position = statement.to.position;
    assert!(written(&statement, Form::Html).contains(&format!("begins at position {position}")));
}

/// Holds on the credit limit move no credits of a lot, and nothing else is noted.
#[test]
fn journals_note_what_holds_reserve_of_the_credit_limit_and_nothing_else() {
    let (mut noted, mut silent) = (0, 0);
    for seed in 0..12 {
        let life = Life::of(seed, 300);
        let statement = life.statement(0, life.events.len()).expect("a statement");
        let overdrawn = |recorded: &Recorded| {
            let Event::CreditsHeld(e) = &recorded.event else { return None };
            (!e.overdrawn.is_zero()).then_some((recorded.envelope.position, e.overdrawn))
        };
        let expected: Vec<_> = life.events.iter().filter_map(overdrawn).collect();
        for form in [Form::Hledger, Form::Beancount] {
            let journal = written(&statement, form);
            let notes: Vec<_> =
                journal.lines().filter(|line| line.contains("reserved on the credit limit")).collect();
            assert_eq!(notes.len(), expected.len(), "seed {seed}: {notes:?}");
            for (note, (position, amount)) in notes.iter().zip(&expected) {
                let own = format!(": {amount} reserved on the credit limit");
                assert!(note.contains(&format!("({position})")) && note.contains(&own), "{note}");
            }
            assert!(!journal.contains("reserved now"));
        }
        noted += expected.len();
        let still =
            |line: &&Line| line.lots.is_empty() && line.debt_change.is_zero() && line.overdrawn.is_zero();
        silent += statement.lines.iter().filter(still).count();
    }
    assert!(noted > 3 && silent > 3, "the lives are too dull: {noted} and {silent}");
}

#[test]
fn forms_are_known_by_their_names() {
    for form in Form::ALL {
        assert_eq!(Form::parse(form.as_str()), Some(form));
    }
    assert_eq!(Form::parse("pdf"), None);
}
