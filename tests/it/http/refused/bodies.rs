//! Bodies that are no JSON object of the right kind.

use credit_ledger::http::routes::{Kind, Route};

use super::{Row, World, none, row};
use crate::http::requests::{self, Draft};

const BODY_BYTES_MAX: usize = 64 * 1_024;
const BATCH_BYTES_MAX: usize = 4 * 1_024 * 1_024;

fn rows(route: &Route, sound: &Draft) -> Vec<Row> {
    let text = String::from_utf8(sound.body().expect("a body")).expect("text");
    let malformed = |why: &str, body: Vec<u8>| row(why, sound.raw(body), 400, "bad-request");
    let cut = text[..text.len() - 1].to_owned();
    let twice = text.replacen('{', &format!("{},", &cut), 1);
    let mut rows: Vec<Row> = ["", "{", "}", "nonsense", "'a'", "NaN", "{\"service\":}", "{service:1}", " "]
        .iter()
        .filter(|body| !body.is_empty())
        .map(|body| malformed(body, body.as_bytes().to_vec()))
        .collect();
    // An array with the right values in the right order is no object either.
    let values: Vec<_> = sound.fields.iter().flatten().map(|(_, json)| json.clone()).collect();
    let in_order = format!("[{},null,null,null,null,null,null,null]", values.join(","));
    for wrong in ["null", "true", "1", "\"text\"", "[]", "[{}]", &in_order, &format!("[{text}]")] {
        rows.push(malformed(wrong, wrong.as_bytes().to_vec()));
    }
    rows.push(malformed("cut off", cut.into_bytes()));
    rows.push(malformed("two documents", format!("{text}{text}").into_bytes()));
    rows.push(malformed("every field twice", twice.into_bytes()));
    rows.push(malformed("a byte order mark", format!("\u{feff}{text}").into_bytes()));
    rows.push(malformed("not UTF-8", b"{\"service\":\"\xff\"}".to_vec()));
    rows.push(malformed("deep arrays", "[".repeat(BODY_BYTES_MAX / 2).into_bytes()));
    rows.push(malformed("deep objects", "{\"a\":".repeat(10_000).into_bytes()));
    let over = sound.raw(padded(&text, bytes_max(route) + 1));
    rows.push(row("a body over the limit", over, 413, "payload-too-large"));
    for (why, content_type) in [
        ("no content type", None),
        ("text", Some("text/plain")),
        ("a form", Some("application/x-www-form-urlencoded")),
        ("lines of JSON", Some("application/jsonl")),
        ("no media type", Some("json")),
    ] {
        rows.push(row(why, sound.declared(content_type), 415, "unsupported-media-type"));
    }
    rows
}

/// The document, followed by as many spaces as it takes.
fn padded(text: &str, bytes: usize) -> Vec<u8> {
    let mut padded = text.as_bytes().to_vec();
    padded.resize(bytes, b' ');
    padded
}

/// The most bytes of a body to this route.
fn bytes_max(route: &Route) -> usize {
    if route.kind == Kind::Batch { BATCH_BYTES_MAX } else { BODY_BYTES_MAX }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things).filter(|(route, _)| requests::has_body(route)) {
        world.refuse(route, rows(route, &sound), &mut faults).await;
    }
    none(&faults);
}

#[tokio::test]
async fn unknown_fields_are_refused_but_by_the_compatible_paths() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things).filter(|(route, _)| requests::has_body(route)) {
        let more = sound.with("nonsense", "[{}]");
        if requests::is_compatible(route.path) {
            world.accept(route, vec![("an unknown field".to_owned(), more)], &mut faults).await;
        } else {
            world.refuse(route, vec![row("an unknown field", more, 400, "bad-request")], &mut faults).await;
        }
    }
    none(&faults);
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_declared_in_any_case() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things).filter(|(route, _)| requests::has_body(route)) {
        let text = String::from_utf8(sound.body().expect("a body")).expect("text");
        let largest = sound.raw(padded(&text, bytes_max(route)));
        // The same request under the same key: the second answer is the first.
        let declared = sound.declared(Some("Application/JSON; charset=utf-8"));
        let repeatable = !matches!(
            route.path,
            "/v1/organizations" | "/v1/apps" | "/v1/clients" | "/api/auth/groups" | "/api/cross-app/register"
        );
        let drafts = [("the largest body", largest), ("a charset", declared)];
        let drafts = drafts.map(|(why, draft)| (why.to_owned(), draft)).into_iter();
        world.accept(route, drafts.take(if repeatable { 2 } else { 1 }).collect(), &mut faults).await;
    }
    none(&faults);
}
