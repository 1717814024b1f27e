//! The figures of the service. The tests of this process share them.

use credit_ledger::{identity::Scope, telemetry};

use super::things::Things;
use crate::support::app::TestApp;

#[tokio::test]
async fn the_documented_figures_are_there_after_traffic() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let things = Things::made_by(&admin).await;
    super::things::deduct(&admin, &things.wallet, "much", "1000000").await.expect(402);
    super::things::deduct(&admin, &things.wallet, "things", "2").await.expect(201);
    let figures = admin.get("/metrics").await.expect(200);
    assert!(figures.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = figures.text();
    for name in [
        telemetry::COMMANDS_TOTAL,
        telemetry::HTTP_REQUESTS_TOTAL,
        telemetry::HTTP_ERRORS_TOTAL,
        telemetry::HTTP_DURATION_SECONDS,
        telemetry::GROUP_SIZE,
        telemetry::COMMIT_DURATION_SECONDS,
        telemetry::PROJECTION_LAG_EVENTS,
        telemetry::PROJECTION_LAG_SECONDS,
        telemetry::HEAD_POSITION,
        telemetry::MAILBOX_DEPTH,
        telemetry::CACHED_WALLETS,
    ] {
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} has a type in\n{text}");
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is explained in\n{text}");
    }
    for line in [
        r#"credit_ledger_commands_total{operation="deduct",outcome="done"}"#,
        r#"credit_ledger_commands_total{operation="deduct",outcome="refused"}"#,
        r#"credit_ledger_commands_total{operation="deduct",outcome="replayed"}"#,
        r#"credit_ledger_commands_total{operation="check",outcome="sufficient"}"#,
        r#"credit_ledger_http_requests_total{route="POST /v1/wallets/{wallet}/deductions",status="402"}"#,
        r#"credit_ledger_http_errors_total{route="POST /v1/wallets/{wallet}/deductions",code="insufficient-credits"}"#,
    ] {
        let count = text.lines().find_map(|known| known.strip_prefix(line)).map(str::trim);
        assert!(
            count.is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count > 0)),
            "{line} in\n{text}"
        );
    }
    assert!(!text.contains(&things.wallet), "figures name no wallet");
}

#[tokio::test]
async fn only_administrators_see_the_figures() {
    let app = TestApp::start().await;
    app.anonymous().get("/metrics").await.problem(401, "unauthenticated");
    app.with_scopes([Scope::CreditsRead, Scope::EventsRead])
        .await
        .get("/metrics")
        .await
        .problem(403, "forbidden");
    app.operator().get("/metrics").await.expect(200);
}

#[tokio::test]
async fn health_is_public_and_says_where_the_projections_are() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    assert_eq!(anonymous.get("/livez").await.expect(200).text(), "ok");
    assert_eq!(anonymous.get("/readyz").await.expect(200).text(), "ready");
    app.ledger.caught_up().await;
    let verbose = anonymous.get("/readyz?verbose").await.expect(200).json();
    let head = app.head().to_string();
    assert_eq!(
        verbose,
        serde_json::json!({ "status": "ready", "head": head, "checkpoint": head, "lag_events": "0" })
    );
}
