//! Queries: malformed values, unknown and repeated parameters. Which there are, the document says.

use serde_json::Value;

use credit_ledger::http::routes::Kind;

use super::{Row, World, none, row};
use crate::http::requests::{self, Draft};

/// What no parameter of this name takes. A new parameter needs a line here.
fn bad_values(path: &str, parameter: &str) -> &'static [&'static str] {
    match parameter {
        "limit" if path.ends_with("/statement") => &["0", "10001", "abc", "-1", "", "1.5"],
        // A time, a date or, but for usage, a position.
        "from" | "to" if path.ends_with("/usage") => &["yesterday", "", "42", "2026-13-01", "2026-11"],
        "from" | "to" if !path.ends_with("/entries") => &["yesterday", "", "-1", "1.5", "2026-13-01"],
        "at_position" => &["-1", "abc", "", "1.5", "2026-11-21", "18446744073709551616"],
        "at_time" => &["yesterday", "", "42", "2026-13-01", "2026-11-21T25:00:00Z"],
        "format" => &["pdf", "", "JSON", "%ff"],
        "by" => &["user", "", "app,", "App"],
        "limit" => &["0", "1001", "abc", "-1", "", "1.5", "18446744073709551616"],
        "cursor" => &["x", "", "AAAAAAAAAAAAAAAAAAAAAA", "%ff", "42"],
        "from" | "until" => &["yesterday", "", "2026-01-01", "1767225600"],
        "kind" => &["unknown", "", "deduction,unknown", "deduction,", "Deduction", "%ff"],
        "outcome" => &["unknown", "", "Done"],
        "app" | "wallet" | "user" => &["x", "", "7d1f6f0a"],
        "min_position" | "after" => &["-1", "abc", "", "1.5", "18446744073709551616"],
        "audience" => &["all", "", "App", "app,"],
        "wait" => &["-1", "abc", "", "0.5"],
        "types" => &["unknown", "", "credits*", "*", "credits.deducted.v9", "credits.*,unknown"],
        "dry_run" => &["1", "yes", "", "TRUE", "true%20"],
        "verbose" => &[],
        other => panic!("say what is no value of the parameter `{other}`"),
    }
}

fn queries(path: &str, parameters: &[String]) -> Vec<String> {
    let mut queries = Vec::new();
    for name in parameters {
        queries.extend(bad_values(path, name).iter().map(|value| format!("{name}={value}")));
        let sound = if name == "verbose" || name == "limit" { "1" } else { "" };
        queries.push(format!("{name}={sound}&{name}={sound}"));
    }
    queries
}

fn rows(path: &str, sound: &Draft, parameters: &[String]) -> Vec<Row> {
    let queries = queries(path, parameters);
    let refused =
        |query: String| row(query.clone(), sound.at(format!("{}?{query}", sound.path)), 400, "bad-request");
    queries.into_iter().map(refused).collect()
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_refused() {
    let world = World::new().await;
    let document = world.app.anonymous().get("/openapi.json").await.expect(200).json();
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things) {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let declared = operation["parameters"].as_array().into_iter().flatten();
        let of_query = declared.filter(|parameter| parameter["in"] == "query");
        let parameters: Vec<String> =
            of_query.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect();
        let mut rows = rows(route.path, &sound, &parameters);
        // Earlier clients may have sent whatever they liked.
        let lenient = route.path == "/readyz" || route.path.starts_with("/api/mcp/");
        if (!parameters.is_empty() || route.kind == Kind::Administration) && !lenient {
            let unknown = sound.at(format!("{}?nonsense=1", sound.path));
            rows.push(row("an unknown parameter", unknown, 400, "bad-request"));
        }
        world.refuse(route, rows, &mut faults).await;
    }
    none(&faults);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let world = World::new().await;
    let page = |path: String| world.client.get(&path);
    let first: Value = page("/v1/entries?limit=1".to_owned()).await.expect(200).json();
    let cursor = first["next_cursor"].as_str().expect("a next page");
    page(format!("/v1/entries?limit=1&cursor={cursor}")).await.expect(200);
    page(format!("/v1/entries?kind=purchase&cursor={cursor}")).await.problem(400, "bad-request");
    let of_wallet = format!("/v1/wallets/{}/entries?cursor={cursor}", world.things.wallet);
    page(of_wallet).await.problem(400, "bad-request");
    let theirs = world.app.operator().get(&format!("/v1/entries?cursor={cursor}"));
    theirs.header("x-organization", "elsewhere").await.problem(400, "bad-request");
}

#[tokio::test]
async fn a_stream_goes_on_after_a_position_and_nothing_else() {
    let world = World::new().await;
    for id in ["x", "-1", "", "1.5", "18446744073709551616"] {
        let stream = world.client.get("/v1/events").header("accept", "text/event-stream");
        stream.header("last-event-id", id).await.problem(400, "bad-request");
    }
}
