//! Idempotency keys: absent, unusable, contradictory.

use credit_ledger::http::routes::Kind;

use super::{Row, World, none, row};
use crate::http::requests::{self, Draft};

const CODE: &str = "missing-idempotency-key";
const HEADER: &str = "idempotency-key";

fn unusable(sound: &Draft) -> Vec<Row> {
    let bare = sound.headerless(HEADER);
    let long = "k".repeat(256);
    let keys: [(&str, &[u8]); 6] = [
        ("an empty key", b""),
        ("a key of 256 characters", long.as_bytes()),
        ("a key with a space", b"a b"),
        ("a key with a tab", b"a\tb"),
        ("a key that is not ASCII", "schlüssel".as_bytes()),
        ("a key that is not UTF-8", b"\xff\xfe"),
    ];
    let mut rows: Vec<Row> =
        keys.iter().map(|(why, key)| row(*why, bare.header(HEADER, *key), 400, CODE)).collect();
    let other = bare.header(HEADER, "one").with("idempotency_key", "\"other\"");
    rows.push(row("a header and a field that differ", other, 400, CODE));
    let empty = bare.header(HEADER, "one").with("idempotency_key", "\"\"");
    rows.push(row("a header and an empty field", empty, 400, CODE));
    rows
}

#[tokio::test]
async fn an_unusable_key_is_refused_and_a_missing_one_where_it_is_needed() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things) {
        let rows = match route.kind {
            Kind::Command => {
                let mut rows = unusable(&sound);
                rows.push(row("no key", sound.headerless(HEADER), 400, CODE));
                rows.push(row(
                    "a null key",
                    sound.headerless(HEADER).with("idempotency_key", "null"),
                    400,
                    CODE,
                ));
                rows
            }
            Kind::KeyOptional => unusable(&sound),
            Kind::Discovery
            | Kind::Read
            | Kind::Administration
            | Kind::Batch
            | Kind::Rule
            | Kind::Oauth
            | Kind::Page
            | Kind::Account => Vec::new(),
        };
        world.refuse(route, rows, &mut faults).await;
    }
    none(&faults);
}

#[tokio::test]
async fn a_key_is_taken_from_the_header_the_body_or_both() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, _) in requests::all(&world.things) {
        if !matches!(route.kind, Kind::Command | Kind::KeyOptional) {
            continue;
        }
        // Refunds and chargebacks share their keys.
        let own = |key: &str| format!("{key}-{}", route.path.rsplit('/').next().unwrap_or_default());
        let longest = format!("{:k<255}", own("k"));
        let bare = || Draft::of(route, &world.things).headerless(HEADER);
        let quoted = |key: &str| format!("\"{key}\"");
        let drafts = vec![
            ("in the header".to_owned(), bare().header(HEADER, longest.clone())),
            ("in the body".to_owned(), bare().with("idempotency_key", &quoted(&own("body")))),
            (
                "in both".to_owned(),
                bare().header(HEADER, own("both")).with("idempotency_key", &quoted(&own("both"))),
            ),
        ];
        world.accept(route, drafts, &mut faults).await;
    }
    none(&faults);
}
