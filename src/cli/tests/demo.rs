use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;

/// The story told again with plain numbers: what is put in comes from the summary, everything else
/// from the trace and the rules in the help text.
#[tokio::test(flavor = "multi_thread")]
async fn a_story_adds_up_to_what_anybody_can_compute() {
    let dir = tempfile::tempdir().expect("a folder");
    let trace = dir.path().join("trace.csv");
    let usage: Vec<(i64, i64)> = (0..400).map(|n| (n * n % 4_001 + 1, n * 7 % 600)).collect();
    let rows = usage
        .iter()
        .map(|(context, generated)| format!("2023-11-16 18:17:03.9799600,{context},{generated}\r\n"));
    std::fs::write(
        &trace,
        format!("TIMESTAMP,ContextTokens,GeneratedTokens\r\n{}", rows.collect::<String>()),
    )
    .expect("a trace");
    let home = dir.path().join("ledger");
    let line = format!("demo --exit --listen 127.0.0.1:0 --trace {}", trace.display());
    let told = json(&home, &line).await;

    let micros = |value: &Value| {
        value.as_str().expect("an amount").parse::<events::Credits>().expect("credits").micros()
    };
    let wallets = told["wallets"].as_array().expect("wallets");
    let mut balances: BTreeMap<String, i64> = wallets
        .iter()
        .map(|wallet| {
            (wallet["wallet"].to_string(), micros(&wallet["purchased"]) + micros(&wallet["granted"]))
        })
        .collect();
    let (mut deducted, mut refused) = (0, 0);
    for (n, (context, generated)) in usage.iter().enumerate() {
        let wallet = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("wallet-{}", n % 97).as_bytes());
        let balance = balances.get_mut(&format!("\"{wallet}\"")).expect("a wallet");
        let cost = 3_000 * context + 15_000 * generated;
        if cost > *balance {
            refused += 1;
            continue;
        }
        deducted += 1;
        *balance -= match n % 47 {
            20 => 0,
            41 => cost - cost / 2,
            _ => cost,
        };
    }
    assert!(deducted > 0 && refused > 0, "{deducted} deducted, {refused} refused");
    assert_eq!(
        (&told["requests"], &told["deducted"], &told["refused"]),
        (&400.into(), &deducted.into(), &refused.into())
    );
    for wallet in wallets {
        assert_eq!(micros(&wallet["balance"]), balances[&wallet["wallet"].to_string()], "{wallet}");
    }
    assert_eq!((&told["verify"]["ok"], &told["verify"]["deductions"]), (&true.into(), &deducted.into()));
    assert_eq!(told["verify"]["wallets_compared"], 97);
    assert_eq!(json(&home, "verify").await["refusals"], refused, "the ledger is kept where it was asked for");
    let again = typed(&home, "demo --exit").await.expect_err("a used data directory");
    assert_eq!(again.code(), 2);
}
