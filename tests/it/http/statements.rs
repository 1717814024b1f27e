//! Statements over HTTP: every form, every period, in parts and whole.

use serde_json::{Value, json};

use super::things::{Things, deduct, fund, new_wallet};
use crate::support::app::{Answer, Client, TestApp};

/// The forms, what they are declared as, and what stands in them.
const FORMS: [(&str, &str, &str); 5] = [
    ("json", "application/json", "\"closing\""),
    ("csv", "text/csv; charset=utf-8; header=present", "wallet,position,"),
    ("html", "text/html; charset=utf-8", "<h1>Statement of credits</h1>"),
    ("hledger", "text/plain; charset=utf-8", "Assets:Wallet-"),
    ("beancount", "text/plain; charset=utf-8", "option \"operating_currency\" \"CREDIT\""),
];

async fn statement(client: &Client, wallet: &str, query: &str) -> Answer {
    client.get(&format!("/v1/wallets/{wallet}/statement?{query}")).await
}

#[tokio::test]
async fn a_statement_comes_in_every_form() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = Things::made_by(&admin).await.wallet;
    for (form, declared, inside) in FORMS {
        let named = statement(&admin, &wallet, &format!("format={form}")).await.expect(200);
        assert_eq!(named.header("content-type"), declared);
        assert!(named.text().contains(inside), "{}", named.text());
        let kept = named.header("content-disposition");
        match form {
            "json" => assert!(kept.is_empty()),
            "html" => {
                assert!(kept.starts_with("inline; filename=\"statement-"), "{kept}");
                assert!(named.header("content-security-policy").starts_with("default-src 'none'"));
            }
            _ => assert!(kept.starts_with("attachment; filename=\"statement-"), "{kept}"),
        }
        let accepted = admin.get(&format!("/v1/wallets/{wallet}/statement"));
        let accepted = accepted.header("accept", declared).await.expect(200);
        if matches!(form, "json" | "csv" | "html") {
            assert_eq!(accepted.body, named.body, "{form}");
        }
    }
    let told = statement(&admin, &wallet, "").await.expect(200).json();
    assert_eq!([&told["opening"]["balance"], &told["closing"]["balance"]], ["0", "1003.5"]);
    assert_eq!(told["wallet"], wallet.as_str());
    let kinds: Vec<_> = told["lines"].as_array().expect("lines").iter().map(|line| &line["kind"]).collect();
    assert_eq!(
        kinds,
        ["purchase", "deduction", "grant", "rollback", "hold", "capture", "refund", "adjustment"],
        "a check moves nothing"
    );
}

#[tokio::test]
async fn parts_of_a_statement_join_to_the_whole() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = Things::made_by(&admin).await.wallet;
    let whole = statement(&admin, &wallet, "").await.expect(200);
    assert!(whole.header("x-ledger-next").is_empty());
    let whole = whole.json();
    let page = statement(&admin, &wallet, "format=html").await.expect(200);
    assert!(!page.text().contains("more follows"), "{}", page.text());
    let page = statement(&admin, &wallet, "format=html&limit=2").await.expect(200);
    assert!(page.text().contains("more follows"), "{}", page.text());
    for limit in [1, 2, 5] {
        let (mut from, mut lines, mut opening) = ("0".to_owned(), Vec::new(), whole["opening"].clone());
        loop {
            let part = statement(&admin, &wallet, &format!("from={from}&limit={limit}")).await.expect(200);
            let next = part.header("x-ledger-next").to_owned();
            let part = part.json();
            assert_eq!(part["opening"], opening);
            assert_eq!(part["next_from"].as_str().unwrap_or_default(), next);
            lines.extend(part["lines"].as_array().expect("lines").iter().cloned());
            assert!(part["lines"].as_array().is_some_and(|lines| lines.len() <= limit));
            opening = part["closing"].clone();
            if next.is_empty() {
                break;
            }
            assert_eq!(part["to"]["position"], next);
            from = next;
        }
        assert_eq!((&Value::from(lines), &opening), (&whole["lines"], &whole["closing"]), "by {limit}");
    }
}

#[tokio::test]
async fn a_period_is_named_by_positions_times_or_dates() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = new_wallet();
    fund(&admin, &wallet, "100").await;
    app.clock.advance(std::time::Duration::from_secs(86_400));
    let first = deduct(&admin, &wallet, "first", "1").await.expect(201);
    let second = deduct(&admin, &wallet, "second", "2").await.expect(201);
    app.ledger.caught_up().await;
    let amounts = async |query: String| -> (Value, Vec<Value>, Value) {
        let told = statement(&admin, &wallet, &query).await.expect(200).json();
        let lines = told["lines"].as_array().expect("lines").iter().map(|line| line["amount"].clone());
        (told["opening"]["balance"].clone(), lines.collect(), told["closing"]["balance"].clone())
    };
    let expected = |opening: &str, lines: &[&str], closing: &str| {
        (json!(opening), lines.iter().map(|line| json!(line)).collect(), json!(closing))
    };
    let (one, two) = (first.position(), second.position());
    assert_eq!(amounts(format!("from={one}&to={two}")).await, expected("100", &["-1"], "99"));
    assert_eq!(amounts(format!("from={two}&to={two}")).await, expected("99", &[], "99"));
    let (at, end) = (first.member("time"), second.member("time"));
    assert_eq!(amounts(format!("from={at}&to={end}")).await, expected("100", &["-1"], "99"));
    assert_eq!(amounts("to=2026-01-02".to_owned()).await, expected("0", &["100"], "100"));
    let whole = expected("100", &["-1", "-2"], "97");
    assert_eq!(amounts("from=2026-01-02".to_owned()).await, whole);
    // What is asked for beyond now ends now, and says so.
    assert_eq!(amounts("from=2026-01-02&to=2026-02-01".to_owned()).await, whole);
    let told = statement(&admin, &wallet, "from=2026-01-02&to=99999999").await.expect(200).json();
    assert_eq!(told["to"]["position"], app.head().to_string());
    for turned in [
        format!("from={two}&to={one}"),
        "from=2026-01-02&to=2026-01-01".to_owned(),
        format!("from={two}&to=2026-01-01"),
    ] {
        statement(&admin, &wallet, &turned).await.problem(400, "bad-request");
    }
    for future in ["from=2026-02-01".to_owned(), format!("from={}", app.head().get() + 1)] {
        statement(&admin, &wallet, &future).await.problem(422, "not-yet-happened");
    }
}
