//! What paths and headers name: malformed, unknown, of another kind, of another ledger, somebody else's.

use credit_ledger::http::routes::Route;
use reqwest::Method;

use super::{Row, World, none, row};
use crate::http::{
    requests::{self, Draft},
    things::{Things, fund, new_wallet},
};

const NO_UUIDS: [&str; 5] = ["x", "7d1f6f0a", "7d1f6f0a-4f0e-4b1c-9d55-0d3e8d0a4c1z", "..%2f..", "%00"];

/// An id, its parts taken apart: kind, ledger and position.
fn parts(id: &str) -> (&str, &str, &str) {
    let mut parts = id.splitn(3, '_');
    let mut next = || parts.next().expect("three parts");
    (next(), next(), next())
}

fn wallets(route: &Route, sound: &Draft, world: &World) -> Vec<Row> {
    let own = sound.path.split('/').find(|segment| segment.len() == 36).expect("a wallet");
    let at = |wallet: &str| sound.at(sound.path.replace(own, wallet));
    let mut rows: Vec<_> =
        NO_UUIDS.iter().map(|wallet| row(*wallet, at(wallet), 400, "bad-request")).collect();
    // The yardstick of the benchmark looks no wallet up.
    if route.path.starts_with("/bench/") {
        return rows;
    }
    rows.push(row("their wallet", at(&world.theirs.wallet), 404, "not-found"));
    let opens =
        route.method == Method::POST && matches!(route.path.rsplit('/').next(), Some("purchases" | "grants"));
    if !opens {
        rows.push(row("an unknown wallet", at(&new_wallet()), 404, "not-found"));
    }
    rows
}

/// Ids of the things that `{id}` may name, ours and theirs.
fn ids(things: &Things) -> [&String; 9] {
    let Things { purchase, grant, check, deduction, rollback, hold, capture, refund, adjustment, .. } =
        things;
    [purchase, grant, check, deduction, rollback, hold, capture, refund, adjustment]
}

fn things(sound: &Draft, world: &World) -> Vec<Row> {
    let is_id = |segment: &&str| segment.len() > 13 && segment.split('_').count() == 3;
    let own = sound.path.split('/').find(is_id).expect("an id");
    let (kind, ledger, position) = parts(own);
    let head = world.app.head();
    let mut wrong: Vec<(&str, String)> = vec![
        ("no id", "x".to_owned()),
        ("only a position", position.to_owned()),
        ("another ledger", format!("{kind}_00000000_{position}")),
        ("the next position", format!("{kind}_{ledger}_{head}")),
        ("the largest position", format!("{kind}_{ledger}_{}", u64::MAX)),
        ("a position out of range", format!("{kind}_{ledger}_99999999999999999999999")),
        ("the ledger's own event", format!("{kind}_{ledger}_0")),
        ("another spelling", format!("{kind}_{ledger}_0{position}")),
        ("a negative position", format!("{kind}_{ledger}_-1")),
        ("upper case", format!("{}_{ledger}_{position}", kind.to_uppercase())),
        ("percent-encoded", format!("{kind}%5F{ledger}%5F{position}")),
    ];
    for other in ids(&world.things).into_iter().filter(|other| parts(other).0 != kind) {
        // Captures are rolled back like deductions.
        if !(sound.path.ends_with("/rollbacks") && parts(other).0 == "cap") {
            wrong.push(("of another kind", other.clone()));
        }
        wrong.push(("another kind's position", format!("{kind}_{ledger}_{}", parts(other).2)));
    }
    wrong.extend(ids(&world.theirs).into_iter().map(|theirs| ("theirs", theirs.clone())));
    let at = |id: &str| sound.at(sound.path.replace(own, id));
    wrong.iter().map(|(why, id)| row(format!("{why}: {id}"), at(id), 404, "not-found")).collect()
}

fn clients(sound: &Draft, own: &str, theirs: &str) -> Vec<Row> {
    let at = |id: &str| sound.at(sound.path.replace(own, id));
    let mut rows: Vec<_> = NO_UUIDS.iter().map(|id| row(*id, at(id), 404, "not-found")).collect();
    rows.push(row("theirs", at(theirs), 404, "not-found"));
    rows.push(row("unknown", at(&new_wallet()), 404, "not-found"));
    rows
}

/// Names that no service can have.
fn services(sound: &Draft) -> Vec<Row> {
    let long = "s".repeat(129);
    let at = |name: &str| sound.at(format!("/v1/prices/{name}"));
    [&long, "%00", "a%0Ab", "%ff", "%c3%28"]
        .map(|name| row(format!("service {name}"), at(name), 400, "bad-request"))
        .into()
}

/// The wallet of the compatible paths.
fn users(sound: &Draft, world: &World) -> Vec<Row> {
    let user = |user: &str| sound.header("x-user-id", user);
    let mut rows: Vec<_> = ["", "x", "7d1f6f0a", "admin"]
        .iter()
        .map(|text| row(format!("X-User-ID: {text}"), user(text), 400, "bad-request"))
        .collect();
    rows.push(row("no X-User-ID", sound.headerless("x-user-id"), 400, "bad-request"));
    rows.push(row("their user", user(&world.theirs.wallet), 404, "not-found"));
    rows.push(row("an unknown user", user(&new_wallet()), 404, "not-found"));
    rows
}

#[tokio::test]
async fn what_is_not_there_or_somebody_elses_is_not_found() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, sound) in requests::all(&world.things) {
        let mut rows = Vec::new();
        for parameter in route.path.split('/').filter(|segment| segment.starts_with('{')) {
            rows.extend(match parameter {
                "{wallet}" => wallets(route, &sound, &world),
                "{id}" if route.path.starts_with("/api/auth/groups/") => {
                    clients(&sound, &world.things.group, &world.theirs.group)
                }
                "{id}" => things(&sound, &world),
                "{app}" => clients(&sound, &world.things.app, &world.theirs.app),
                "{user}" => clients(&sound, &world.things.user, &world.theirs.user),
                "{key}" => {
                    let key = sound.path.split('/').nth(3).unwrap_or_default();
                    clients(&sound, key, &world.theirs.key)
                }
                "{secret}" => clients(&sound, &world.things.secret, &world.theirs.secret),
                "{kid}" => vec![row("no key", sound.at("/v1/signing-keys/no-such-key"), 404, "not-found")],
                "{service}" => services(&sound),
                "{code}" => vec![row("no code", sound.at("/problems/no-such-code"), 404, "not-found")],
                other => panic!("say what {} does not take as {other}", route.path),
            });
        }
        if requests::names_a_user(route.path) {
            rows.extend(users(&sound, &world));
        }
        world.refuse(route, rows, &mut faults).await;
    }
    none(&faults);
}

#[tokio::test]
async fn a_deduction_is_found_under_its_own_wallet_only() {
    let world = World::new().await;
    let Things { wallet, deduction, .. } = &world.things;
    let other = new_wallet();
    fund(&world.client, &other, "1").await;
    world.client.get(&format!("/v1/wallets/{wallet}/deductions/{deduction}")).await.expect(200);
    let elsewhere = world.client.get(&format!("/v1/wallets/{other}/deductions/{deduction}"));
    elsewhere.await.problem(404, "not-found");
}
