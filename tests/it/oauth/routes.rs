//! Every route of OAuth and every page, as nobody and with credentials of other kinds.

use credit_ledger::http::routes::{Access, Kind, ROUTES};
use reqwest::Method;

use super::world::{World, error};
use crate::support::app::Answer;

#[tokio::test]
async fn a_route_answers_only_those_it_is_for() {
    let world = World::new().await;
    let key = world.app.admin().await.credential.expect("a key").into_string();
    let client = world.client("service", "groups:read").await;
    let token = world
        .token(&client, &[("grant_type", "client_credentials")])
        .await
        .expect(200)
        .member("access_token");
    let mut seen = 0;
    for route in ROUTES.iter().filter(|route| matches!(route.kind, Kind::Oauth | Kind::Page)) {
        for credential in [None, Some(&key), Some(&token)] {
            let mut request = world.http.request(route.method.clone(), world.url(route.path));
            if let Some(credential) = credential {
                request = request.bearer_auth(credential);
            }
            if route.method == Method::POST {
                request = request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("client_id=service");
            }
            let answer = Answer::read(request.send().await.expect("an answer")).await;
            match route.access {
                Access::Client => error(&answer, 401, "invalid_client"),
                Access::SignedIn => error(&answer, 401, "invalid_token"),
                Access::Browser => page(route.path, &route.method, &answer),
                Access::Public | Access::Authenticated | Access::Needs(_) | Access::Operator => {
                    unreachable!("{}", route.path)
                }
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 3 * 25);
}

/// A page, or the way to one, for whoever comes; what it shows depends on the cookie alone.
#[track_caller]
fn page(path: &str, method: &Method, answer: &Answer) {
    let expected: &[u16] = match (path, method) {
        ("/oauth/authorize", &Method::GET) => &[400],
        // Nobody signs in with Google here.
        ("/login/google", _) => &[404],
        ("/oauth/authorize" | "/oauth/logout", &Method::POST) | ("/account", &Method::GET) => &[303],
        (
            "/oauth/logout" | "/login" | "/logout" | "/register" | "/verify-email" | "/password/reset",
            &Method::GET,
        ) => &[200],
        _ => &[403],
    };
    assert!(expected.contains(&answer.status), "{method} {path}: {}", answer.status);
    if answer.status != 303 {
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
}
