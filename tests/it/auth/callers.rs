//! Every route as every kind of caller that tokens make, about a user's own things, another user's and
//! another organization's.

use credit_ledger::{
    http::routes::{Access, Route},
    identity::{Scope, Scopes, role_scopes},
};
use events::UserRole;

use super::people::{World, everything, scopes};
use crate::{
    http::{
        requests::{self, Draft},
        things::Things,
    },
    support::app::{Answer, Client},
};

/// Somebody who calls, and what comes of it.
struct Persona {
    client: Client,
    scopes: Scopes,
    reach: Reach,
}

/// Whether the things of the matrix are there for a persona.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// All of them.
    All,
    /// They are, but holds of an app only for that app.
    ButHolds,
    /// None of them.
    None,
    /// There are others with the same names.
    Elsewhere,
}

/// What a route should answer to a persona.
#[derive(Debug, PartialEq)]
enum Expected {
    Done,
    Refused(u16, &'static str),
    /// A batch, whose item is refused.
    ItemRefused(u16),
}

impl Persona {
    fn expected(&self, route: &Route) -> Expected {
        let allowed = match route.access {
            Access::Public | Access::Authenticated => true,
            Access::Needs(scope) => self.scopes.contains(scope),
            Access::Operator | Access::SignedIn | Access::Client | Access::Browser => false,
        };
        if !allowed {
            return Expected::Refused(403, "forbidden");
        }
        let ends_holds = route.path.starts_with("/v1/holds/{id}/");
        let out_of_reach = match self.reach {
            Reach::All => false,
            Reach::ButHolds => ends_holds,
            Reach::None | Reach::Elsewhere => names_a_thing(route, self.reach),
        };
        if !out_of_reach || route.access == Access::Public {
            Expected::Done
        } else if route.path.ends_with(":batch") {
            Expected::ItemRefused(404)
        } else {
            Expected::Refused(404, "not-found")
        }
    }
}

/// Whether a request to the route names a wallet, or what is of one, in its path, its header or its body; or
/// means the caller's own, which is not opened here.
fn names_a_thing(route: &Route, reach: Reach) -> bool {
    let path = route.path.replace("{service}", "").replace("{code}", "");
    let in_body = ["/v1/holds", "/v1/adjustments"].contains(&route.path) || path.ends_with(":batch");
    let own_list = route.path == "/v1/entries" && reach == Reach::None;
    path.contains('{') || requests::names_a_user(route.path) || in_body || own_list
}

fn role(role: UserRole) -> Scopes {
    role_scopes(role)
}

async fn personas(world: &World, owner: events::UserId) -> Vec<Persona> {
    let eve = world.user(&[]).await;
    let [root, audit] = [world.user(&[UserRole::Admin]).await, world.user(&[UserRole::Auditor]).await];
    let customer = role(UserRole::Customer);
    // The things were made by the app that administers: let it be the app that the owner knows as well, and
    // a client that may ask for everything, whatever it was made meanwhile.
    world.set_client(&world.admin, "console", true, false).await;
    world
        .app
        .ledger
        .identity
        .grant_access(owner, super::people::app_id(&world.admin), customer, None)
        .await
        .expect("access");
    world.grant(owner, customer).await;
    let theirs = world.app.another_key(&world.admin, &[Scope::Admin]).await;
    let narrow = scopes("credits:read credits:check");
    let through =
        |name: &str, client: &Client, scopes| world.bearer(name, &world.token(owner, Some(client), scopes).0);
    let persona = |client, scopes, reach| Persona { client, scopes, reach };
    vec![
        persona(world.signed_in("the owner", owner), customer, Reach::ButHolds),
        persona(through("the owner, narrow", &world.chat, narrow), narrow, Reach::ButHolds),
        persona(through("the owner through chat", &world.chat, everything()), customer, Reach::ButHolds),
        persona(world.on_behalf(&theirs, owner, everything()), customer.both(Scopes::ADMIN), Reach::All),
        persona(world.on_behalf(&theirs, owner, narrow), narrow, Reach::All),
        persona(world.signed_in("another user", eve), customer, Reach::None),
        persona(world.on_behalf(&theirs, eve, everything()), customer.both(Scopes::ADMIN), Reach::None),
        persona(world.signed_in("an admin", root), role(UserRole::Admin), Reach::All),
        persona(world.signed_in("an auditor", audit), role(UserRole::Auditor), Reach::All),
        persona(world.service(narrow), narrow, Reach::All),
        persona(world.service(everything()), Scopes::ADMIN, Reach::ButHolds),
    ]
}

#[tokio::test]
async fn a_route_answers_whom_its_scope_and_the_wallet_s_owner_let() {
    let world = World::new().await;
    let owner = world.user(&[]).await;
    let things = Things::made_in(&world.admin, owner.to_string()).await;
    let things = things.and_stock(&world.app, &world.admin).await;
    let personas = personas(&world, owner).await;
    let faults = judge_all(&world, &things, &personas).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn another_organization_s_people_find_nothing() {
    let world = World::new().await;
    let owner = world.user(&[]).await;
    let things = Things::made_in(&world.admin, owner.to_string()).await;
    let things = things.and_stock(&world.app, &world.admin).await;
    let stranger = world.app.stranger().await;
    let identity = &world.app.ledger.identity;
    let org =
        identity.organization_by_name(crate::support::app::OTHER_ORGANIZATION).expect("an organization").id;
    let boss = identity.register_user(org, None, None, None).await.expect("a user");
    identity.set_roles(boss, [UserRole::Admin], None).await.expect("roles");
    let whose = credit_ledger::identity::tokens::Whose::User {
        user: boss,
        session: None,
        roles: vec![],
        auth_time: None,
    };
    let (token, _) = world.issue(whose, org, None, everything());
    let client = Client { app_id: stranger.app_id.clone(), ..world.bearer("an admin elsewhere", &token) };
    let persona = Persona { client, scopes: everything(), reach: Reach::Elsewhere };
    let faults = judge_all(&world, &things, &[persona]).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn judge_all(world: &World, things: &Things, personas: &[Persona]) -> Vec<String> {
    let drafts: Vec<_> = requests::all(things).collect();
    let mut faults = Vec::new();
    for persona in personas {
        for (route, draft) in &drafts {
            if route.path.starts_with("/bench/") {
                continue;
            }
            let expected = persona.expected(route);
            // What is done uses up what it is about.
            let draft = if expected == Expected::Done { Draft::of(route, things) } else { draft.clone() };
            let before = world.app.head();
            let answer = draft.by(&persona.client).await;
            let fault = judged(&answer, &expected).err();
            let changed = expected != Expected::Done && world.app.head() != before;
            let fault = fault.or_else(|| changed.then(|| "something was recorded".to_owned()));
            let who = &persona.client.name;
            faults.extend(fault.map(|fault| format!("{} {} as {who}: {fault}", route.method, route.path)));
        }
    }
    faults
}

fn judged(answer: &Answer, expected: &Expected) -> Result<(), String> {
    let text = || format!("answered {} {}, not {expected:?}", answer.status, answer.text());
    match expected {
        Expected::Done => {
            let item_failed = answer.text().starts_with("{\"results\":[{\"status\":4");
            if (200..300).contains(&answer.status) && !item_failed { Ok(()) } else { Err(text()) }
        }
        Expected::Refused(status, code) => answer.is_problem(*status, code).map(drop),
        Expected::ItemRefused(status) => {
            let refused = answer.text().starts_with(&format!("{{\"results\":[{{\"status\":{status}"));
            if answer.status == 200 && refused { Ok(()) } else { Err(text()) }
        }
    }
}

#[tokio::test]
async fn an_auditor_reads_everything_but_what_is_for_administrators_and_changes_nothing() {
    let world = World::new().await;
    let things = Things::stocked(&world.app, &world.admin).await;
    let auditor = world.user(&[UserRole::Auditor]).await;
    let auditor = world.signed_in("an auditor", auditor);
    for (route, draft) in requests::all(&things) {
        let Access::Needs(scope) = route.access else { continue };
        if route.path.starts_with("/bench/") {
            continue;
        }
        let before = world.app.head();
        let answer = draft.by(&auditor).await;
        assert_eq!(world.app.head(), before, "{} {}", route.method, route.path);
        let reads = route.method == "GET" && scope != Scope::Admin;
        assert_eq!(answer.status == 403, !reads, "{} {}: {}", route.method, route.path, answer.text());
    }
}
