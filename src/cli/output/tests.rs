use serde_json::json;

use super::*;

const COLUMNS: &[Column] =
    &[Column::new("wallet", "/wallet"), Column::new("balance", "/now/balance"), Column::new("note", "/note")];

fn printed(format: Format, print: impl FnOnce(&mut Output<'_>) -> Outcome) -> String {
    let mut sink = Vec::new();
    print(&mut Output::new(format, &mut sink)).expect("a vector takes everything");
    String::from_utf8(sink).expect("UTF-8")
}

fn wallets() -> Vec<Value> {
    vec![
        json!({ "wallet": "w1", "now": { "balance": "-12.5" }, "note": "=1+1" }),
        json!({ "wallet": "w2", "now": { "balance": "3" }, "note": null }),
    ]
}

#[test]
fn a_list_is_a_table_with_amounts_to_the_right() {
    let text = printed(Format::Table, |out| out.many(&wallets(), COLUMNS));
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["wallet", "balance", "note"]);
    let end = |line: &str, word: &str| line.find(word).expect("the word") + word.len();
    assert_eq!(end(lines[1], "-12.5"), end(lines[2], " 3"));
}

#[test]
fn json_is_one_document_and_json_lines_one_object_a_line() {
    let all: Value =
        serde_json::from_str(&printed(Format::Json, |out| out.many(&wallets(), COLUMNS))).expect("JSON");
    assert_eq!(all, json!(wallets()));
    let lines = printed(Format::Jsonl, |out| out.many(&wallets(), COLUMNS));
    assert_eq!(lines.lines().count(), 2);
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first, wallets()[0]);
}

#[test]
fn csv_holds_no_formula_and_leaves_amounts_alone() {
    let text = printed(Format::Csv, |out| out.many(&wallets(), COLUMNS));
    assert_eq!(text, "wallet,balance,note\nw1,-12.5,'=1+1\nw2,3,\n");
    for formula in ["=A1", "+1+1", "-1-1", "@SUM(A1)", "\t=A1", "\r=A1"] {
        assert_eq!(guarded(formula), format!("'{formula}"));
    }
    for harmless in ["", "1", "-1.25", "a=b", "wallet/7d1f"] {
        assert_eq!(guarded(harmless), harmless);
    }
}

#[test]
fn one_thing_shows_its_fields_and_leaves_out_what_it_lacks() {
    let text = printed(Format::Table, |out| out.one(&wallets()[1], COLUMNS));
    assert_eq!(text.lines().map(str::trim).collect::<Vec<_>>().len(), 2);
    assert!(text.contains("balance") && !text.contains("note"));
}

#[test]
fn lists_of_texts_are_joined() {
    let scopes = Column::new("scopes", "/scopes");
    assert_eq!(scopes.text(&json!({ "scopes": ["a", "b"] })), "a,b");
    assert_eq!(scopes.text(&json!({ "scopes": 7 })), "7");
}
