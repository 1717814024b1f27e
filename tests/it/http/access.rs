//! Who may call what: every route as every persona.

use credit_ledger::{
    http::{
        HttpOptions,
        routes::{Access, ROUTES, Route},
    },
    identity::{Scope, Scopes},
};
use serde_json::{Value, json};

use super::{
    requests::{self, Draft},
    things::{Things, funded},
};
use crate::support::app::{Answer, Client, TestApp};

/// Somebody who calls, and what they may do; `None` for who is nobody.
struct Persona {
    client: Client,
    scopes: Option<Vec<Scope>>,
    operates: bool,
}

impl Persona {
    /// The status and code of the refusal; `None` when the call is allowed.
    fn refusal(&self, route: &Route) -> Option<(u16, &'static str)> {
        let Some(scopes) = &self.scopes else {
            return (route.access != Access::Public).then_some((401, "unauthenticated"));
        };
        let allowed = match route.access {
            Access::Public | Access::Authenticated => true,
            Access::Needs(scope) => scopes.iter().copied().collect::<Scopes>().contains(scope),
            Access::Operator => self.operates,
            Access::Client | Access::SignedIn | Access::Browser => false,
        };
        (!allowed).then_some((403, "forbidden"))
    }
}

/// Keys of one app, because a hold is there for its own app alone, and whoever else may call.
async fn personas(app: &TestApp, admin: &Client) -> Vec<Persona> {
    let nobody = |client| Persona { client, scopes: None, operates: false };
    let wrong = app.operator().credential.expect("a token").replace("clo_", "clk_");
    let mut all = vec![
        nobody(app.anonymous()),
        nobody(app.revoked().await),
        nobody(app.bearer("an unknown key", &wrong)),
        nobody(app.bearer("no key at all", "let-me-in")),
        Persona { client: app.operator(), scopes: Some(vec![Scope::Admin]), operates: true },
    ];
    for scope in Scope::ALL.into_iter().filter(|scope| scope.is_for_apps()) {
        let client = app.another_key(admin, &[scope]).await;
        all.push(Persona { client, scopes: Some(vec![scope]), operates: false });
    }
    let spends = [Scope::CreditsCheck, Scope::CreditsDeduct, Scope::CreditsRollback];
    let client = app.another_key(admin, &spends).await;
    all.push(Persona { client, scopes: Some(spends.to_vec()), operates: false });
    all
}

#[tokio::test]
async fn a_route_answers_exactly_those_who_hold_its_scope() {
    let app = TestApp::start_with(HttpOptions { bench_echo: true, ..HttpOptions::default() }).await;
    let admin = app.admin().await;
    let things = Things::stocked(&app, &admin).await;
    let drafts: Vec<_> = requests::all(&things).collect();
    let mut faults = Vec::new();
    for persona in personas(&app, &admin).await {
        for (route, draft) in &drafts {
            let before = app.head();
            let refusal = persona.refusal(route);
            // What is done uses up what it is about.
            let draft = if refusal.is_some() { draft.clone() } else { Draft::of(route, &things) };
            let answer = draft.by(&persona.client).await;
            let fault = judged(route, &answer, refusal);
            let changed = answer.status >= 400 && app.head() != before;
            let fault = fault.err().or_else(|| changed.then(|| "something was recorded".to_owned()));
            faults.extend(
                fault.map(|fault| {
                    format!("{} {} as {}: {fault}", route.method, route.path, persona.client.name)
                }),
            );
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn judged(route: &Route, answer: &Answer, refusal: Option<(u16, &str)>) -> Result<(), String> {
    let Some((status, code)) = refusal else {
        let done = (200..300).contains(&answer.status);
        return if done { Ok(()) } else { Err(format!("refused with {} {}", answer.status, answer.text())) };
    };
    let problem = answer.is_problem(status, code)?;
    let required = match route.access {
        _ if status != 403 => return Ok(()),
        Access::Needs(scope) => json!(scope.as_str()),
        // No scope would help.
        Access::Public
        | Access::Authenticated
        | Access::Client
        | Access::Browser
        | Access::Operator
        | Access::SignedIn => Value::Null,
    };
    if problem["required_scope"] == required {
        Ok(())
    } else {
        Err(format!("required_scope is not {required}: {problem}"))
    }
}

#[tokio::test]
async fn the_public_routes_are_these() {
    let public: Vec<_> =
        ROUTES.iter().filter(|route| route.access == Access::Public).map(|route| route.path).collect();
    let people = [
        "/api/cross-app/auth",
        "/api/cross-app/refresh-token",
        "/auth/register",
        "/auth/verify-email",
        "/auth/login",
        "/auth/refresh",
        "/auth/password/reset",
        "/auth/password/reset",
        "/api/auth/google",
        "/api/auth/google/callback",
        "/api/v1/oauth/callback/google",
        "/api/auth/google/exchange",
        "/api/auth/verify-session",
    ];
    let (of_people, public): (Vec<_>, Vec<_>) = public.into_iter().partition(|path| people.contains(path));
    assert_eq!(of_people, people);
    let discovery =
        ["/oauth/jwks", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
    let operations = ["/livez", "/readyz", "/openapi.json", "/problems", "/problems/{code}"];
    assert_eq!(public, [&discovery[..], &operations].concat());
    let anonymous = TestApp::start().await;
    for path in ["/docs/", "/api/v1/docs/"] {
        anonymous.anonymous().get(path).await.expect(200);
    }
}

#[tokio::test]
async fn another_organization_has_the_same_routes_and_none_of_the_things() {
    let app = TestApp::start().await;
    let things = Things::stocked(&app, &app.admin().await).await;
    let stranger = app.stranger().await;
    for (route, draft) in requests::all(&things) {
        // A service is only a name.
        let path = route.path.replace("{service}", "");
        let names_a_thing = path.contains('{') || requests::names_a_user(route.path);
        if !names_a_thing
            || matches!(route.access, Access::Public | Access::Operator)
            || route.path.starts_with("/bench/")
        {
            continue;
        }
        let before = app.head();
        draft.by(&stranger).await.problem(404, "not-found");
        assert_eq!(app.head(), before, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn an_operator_acts_in_the_organization_it_names() {
    let app = TestApp::start().await;
    let stranger = app.stranger().await;
    let theirs = Things::made_by(&stranger).await;
    let wallet = format!("/v1/wallets/{}", theirs.wallet);
    app.operator().get(&wallet).await.problem(404, "not-found");
    app.operator().get(&wallet).header("x-organization", "elsewhere").await.expect(200);
    app.operator().get(&wallet).header("x-organization", "nowhere").await.problem(404, "not-found");
    // An app may say where it is, and nothing else.
    stranger.get(&wallet).header("x-organization", "elsewhere").await.expect(200);
    let ours = format!("/v1/wallets/{}", funded(&app.admin().await, "1").await);
    app.ledger.caught_up().await;
    app.operator().get(&ours).header("x-organization", "default").await.expect(200);
    stranger.get(&ours).header("x-organization", "default").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_the_answer_on() {
    let app = TestApp::start().await;
    let client = app.admin().await;
    client.get("/v1/apps").await.expect(200);
    let key = client.key_id.clone().expect("a key");
    client.delete(&format!("/v1/keys/{key}")).await.expect(204);
    client.get("/v1/apps").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_key_comes_in_either_header_but_not_two_keys_in_both() {
    let app = TestApp::start().await;
    let client = app.admin().await;
    let key = client.credential.as_deref().expect("a key");
    let bearer = |key: &str| app.anonymous().get("/v1/apps").header("authorization", format!("Bearer {key}"));
    bearer(key).await.expect(200);
    bearer(key).header("x-api-key", key).await.expect(200);
    bearer(key).header("x-api-key", "another").await.problem(400, "bad-request");
    bearer(key).header("authorization", "Bearer another").await.problem(400, "bad-request");
    let basic = app.anonymous().get("/v1/apps").header("authorization", format!("Basic {key}"));
    basic.await.problem(401, "unauthenticated");
}
