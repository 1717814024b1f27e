//! JSON, CSV and HTML.

use std::collections::BTreeMap;

use credit_ledger::report::{Form, Statement};
use events::Credits;
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
    for needed in ["lang=\"en\"", "<caption>", "scope=\"col\"", "scope=\"row\"", "@media print", "<title>"] {
        assert!(page.contains(needed), "{needed}");
    }
}

#[test]
fn forms_are_known_by_their_names() {
    for form in Form::ALL {
        assert_eq!(Form::parse(form.as_str()), Some(form));
    }
    assert_eq!(Form::parse("pdf"), None);
}
