//! The demo's story, held against a computation of its own: the costs from the trace, the balances
//! from the exported events, in whole micro-credits.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use uuid::Uuid;

use crate::support::{
    books::{Books, key, micros, verify, wallet},
    cli::finish,
    home::{Home, checkout},
    turn,
};

const WITHIN: Duration = Duration::from_secs(120);
/// As many as the real trace has.
const TRACE_REQUESTS: usize = 8_819;
const TRACE_WALLETS: usize = 97;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn the_demo_plays_a_story_that_adds_up() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let told = demo(&home, &[]).await;
    let books = Books::of(&home).await;
    assert!(
        number(&told, "refused") > 0 && number(&told, "replayed") > 0 && number(&told, "rolled_back") > 0
    );
    must_add_up(&told, &books, 2_000);
    let steps = told["scene"]["steps"].as_array().expect("a scene beside the story");
    let column =
        |name: &str| steps.iter().filter_map(|step| step[name].as_str()).collect::<Vec<_>>().join(" ");
    assert_eq!(column("what"), "price purchase deduction hold capture capture refund");
    assert_eq!(column("balance"), "100 92 92 85.5 77.25 27.25");
    assert_eq!(column("available"), "100 92 72 72 77.25 27.25");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn every_request_of_a_trace_is_accounted_for_to_the_last_micro_credit() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let trace = trace(&home);
    let told = demo(&home, &["--trace", trace.to_str().expect("a path")]).await;
    let books = Books::of(&home).await;
    assert_eq!(told.get("scene"), None, "a trace alone accounts for every event");
    must_add_up(&told, &books, TRACE_REQUESTS);
    must_follow_from(&costs(&trace), &books);
}

/// Plays to the end; gives what it told. The ledger stays in `home`.
async fn demo(home: &Home, options: &[&str]) -> Value {
    let mut command = home.command();
    command.args(["demo", "--exit", "-o", "json", "--listen", "127.0.0.1:0"]).args(options);
    let told = finish(command, WITHIN).await.ended(0).json();
    assert_eq!(told["verify"]["ok"], true, "{told}");
    verify(home).await;
    told
}

fn number(told: &Value, name: &str) -> usize {
    told[name].as_u64().and_then(|number| number.try_into().ok()).unwrap_or_else(|| panic!("{name}: {told}"))
}

fn amount(part: &Value, name: &str) -> i128 {
    micros(part[name].as_str().unwrap_or_else(|| panic!("{name}: {part}")))
}

/// Holds the summary against the events: requests, and every wallet's figures.
fn must_add_up(told: &Value, books: &Books, requests: usize) {
    let scene = told.pointer("/scene/wallet").and_then(Value::as_str);
    let of_story = |event: &&Value| wallet(event) != scene;
    let deductions: Vec<_> = books.deductions().into_values().filter(of_story).collect();
    let refusals = books.events_of("credits.command_refused.v1").count();
    assert_eq!(number(told, "requests"), requests);
    assert_eq!(number(told, "deducted") + number(told, "refused"), requests);
    assert_eq!((number(told, "deducted"), number(told, "refused")), (deductions.len(), refusals));
    assert_eq!(number(told, "rolled_back"), books.events_of("credits.deduction_rolled_back.v1").count());
    assert_eq!(number(told, "checked"), books.events_of("credits.checked.v1").count());
    let mut balances = books.balances();
    if let Some(scene) = scene {
        let steps = told["scene"]["steps"].as_array().expect("steps");
        let last = steps.last().expect("a last step");
        assert_eq!(balances.remove(scene), Some(amount(last, "balance")), "{last}");
    }
    let parts = told["wallets"].as_array().expect("wallets");
    assert_eq!(parts.len(), balances.len());
    let sum = |kind: &str, member: &str, wallet: &str| -> i128 {
        let of_wallet = books.events_of(kind).filter(|event| event["subject"] == format!("wallet/{wallet}"));
        of_wallet.map(|event| amount(&event["data"], member)).sum()
    };
    for part in parts {
        let wallet = part["wallet"].as_str().expect("a wallet");
        assert_eq!(amount(part, "balance"), balances[wallet], "{part}");
        assert_eq!(amount(part, "purchased"), sum("credits.purchased.v1", "amount", wallet), "{part}");
        assert_eq!(amount(part, "granted"), sum("credits.granted.v1", "amount", wallet), "{part}");
        assert_eq!(amount(part, "spent"), sum("credits.deducted.v1", "cost", wallet), "{part}");
        assert_eq!(
            amount(part, "returned"),
            sum("credits.deduction_rolled_back.v1", "amount", wallet),
            "{part}"
        );
    }
}

/// Plays the trace by the rules alone: request n has the cost that its row gives, is the business
/// of wallet n mod 97, and is refused only when that wallet can't pay at that moment.
fn must_follow_from(costs: &[i128], books: &Books) {
    let mut answered = vec![false; costs.len()];
    let mut balances: BTreeMap<String, i128> = BTreeMap::new();
    let mut spent: HashMap<String, i128> = HashMap::new();
    for event in &books.events {
        let Some(wallet) = event["subject"].as_str().and_then(|subject| subject.strip_prefix("wallet/"))
        else {
            continue;
        };
        let data = &event["data"];
        let balance = balances.entry(wallet.to_owned()).or_default();
        let request =
            key(event).and_then(|key| key.strip_prefix("request-")).map(|n| n.parse().expect("a number"));
        match event["type"].as_str().expect("a type") {
            "credits.purchased.v1" | "credits.granted.v1" => *balance += amount(data, "amount"),
            "credits.deduction_rolled_back.v1" => {
                let deduction = data["deduction"].as_str().expect("a position");
                let cost = spent[deduction];
                assert!([cost, cost / 2].contains(&amount(data, "amount")), "{event}");
                *balance += amount(data, "amount");
            }
            "credits.checked.v1" => {
                assert_eq!(data["sufficient"], amount(data, "cost") <= *balance, "{event}")
            }
            "credits.deducted.v1" | "credits.command_refused.v1" => {
                let number: usize = request.expect("the key of a request");
                let cost = costs[number];
                assert!(
                    !std::mem::replace(&mut answered[number], true),
                    "request {number} was answered twice"
                );
                assert_eq!(wallet, wallet_of(number), "{event}");
                if event["type"] == "credits.deducted.v1" {
                    assert_eq!(amount(data, "cost"), cost, "{event}");
                    *balance -= cost;
                    assert!(*balance >= 0, "{event}");
                    spent.insert(event["position"].as_str().expect("a position").to_owned(), cost);
                } else {
                    assert!(*balance < cost, "refused with {balance} for {cost}: {event}");
                    assert_eq!(amount(&data["refusal"], "required"), cost, "{event}");
                }
            }
            "wallet.opened.v1" => {}
            other => panic!("{other} has no place in the story"),
        }
    }
    assert!(answered.iter().all(|answered| *answered), "every request was answered");
    assert_eq!(balances, books.balances());
}

fn wallet_of(request: usize) -> String {
    let name = format!("wallet-{}", request % TRACE_WALLETS);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// The cost of each request in micro-credits: 0.003 credits a token read, 0.015 a token written.
fn costs(trace: &Path) -> Vec<i128> {
    let text = std::fs::read_to_string(trace).expect("a trace");
    let rows = text.lines().skip(1).filter(|row| !row.is_empty());
    let costs: Vec<_> = rows
        .map(|row| {
            let mut cells = row.split(',').skip(1).map(|cell| cell.trim().parse::<i128>().expect("tokens"));
            let (read, written) =
                (cells.next().expect("ContextTokens"), cells.next().expect("GeneratedTokens"));
            3_000 * read + 15_000 * written
        })
        .collect();
    assert_eq!(costs.len(), TRACE_REQUESTS);
    costs
}

/// The real trace where it lies beside the checkout, else one of the same length and shape.
fn trace(home: &Home) -> PathBuf {
    let real = checkout().join("../shared/data/llm-requests.csv");
    if real.is_file() {
        return real;
    }
    let mut text = String::from("TIMESTAMP,ContextTokens,GeneratedTokens\n");
    let mut state: u64 = 0x2023_1116;
    let mut draw = |below: u64| {
        // Knuth's MMIX generator; its high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for number in 0..TRACE_REQUESTS {
        let (minute, second) = (number / 150 % 60, number * 2 / 5 % 60);
        let (read, written) = (draw(7_000) + 3, draw(500) + 1);
        writeln!(text, "2023-11-16 18:{minute:02}:{second:02}.9799600,{read},{written}").expect("room");
    }
    let made_up = home.file("trace.csv");
    std::fs::write(&made_up, text).expect("a trace");
    made_up
}
