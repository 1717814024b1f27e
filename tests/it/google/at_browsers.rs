//! Signing a browser in with Google, from the page to sign in.

use std::net::{IpAddr, Ipv4Addr};

use credit_ledger::identity::users::{Lives, Origin};
use serde_json::json;

use super::{Browser, World, app_id, refused};

/// The link to Google on a page of ours.
#[track_caller]
fn link_on(html: &str) -> String {
    let at = html.find("/login/google?").unwrap_or_else(|| panic!("no link on {html}"));
    html[at..].split('"').next().expect("an end").replace("&amp;", "&")
}

impl Browser {
    /// Follows the link of the page to sign in, there and back.
    pub(super) async fn continues_with_google(&mut self, next: &str) -> crate::support::app::Answer {
        let page = self.open(&format!("/login?next={next}")).await.expect(200);
        let leaving = self.open(&link_on(page.text())).await.expect(303);
        let back = self.visits(leaving.header("location")).await;
        self.open(&back).await
    }
}

#[tokio::test]
async fn the_page_to_sign_in_leads_through_google_and_on() {
    let world = World::start().await;
    let mut browser = world.browser();
    let entered = browser.continues_with_google("/account").await.expect(303);
    assert_eq!(entered.header("location"), "/account");
    let account = browser.open("/account").await.expect(200);
    assert!(account.text().contains("ann@mail.example") && account.text().contains("Ann Lee"));
    // No cookie, no account.
    let stranger = world.browser().open("/account").await;
    assert_eq!(stranger.status, 303);
    assert_eq!(world.users(), 1);
}

#[tokio::test]
async fn who_comes_from_an_app_becomes_a_customer_where_the_app_is() {
    let world = World::start().await;
    let stranger = world.app.stranger().await;
    world.registered(&stranger, "elsewhere", "theirs").await;
    let identity = &world.app.ledger.identity;
    let mut client = identity.client(app_id(&stranger)).expect("a client");
    client.grants = vec!["authorization_code".into()];
    client.redirect_uris = vec!["https://sora.example/back".into()];
    let theirs = identity.set_client(client.app, client, None).await.expect("a client").org;
    assert_ne!(theirs, world.app.ledger.default_org);
    let asked = "/oauth/authorize?response_type=code&client_id=elsewhere&redirect_uri=https://sora.example/back\
         &scope=credits:check&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let mut browser = world.browser();
    let login = browser.open(asked).await.expect(303);
    let login = browser.open(login.header("location")).await.expect(200);
    let leaving = browser.open(&link_on(login.text())).await.expect(303);
    let back = browser.visits(leaving.header("location")).await;
    let entered = browser.open(&back).await.expect(303);
    let consent = browser.open(entered.header("location")).await.expect(200);
    assert!(consent.text().contains("Sora 2 Video"), "{}", consent.text());
    assert_eq!(world.users(), 0, "nobody new in the default organization");
    assert_eq!(identity.users(theirs, None, 10).len(), 1);
}

#[tokio::test]
async fn a_sign_in_leads_to_paths_of_ours_alone() {
    let world = World::start().await;
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3A1"] {
        let mut browser = world.browser();
        let leaving = browser.open(&format!("/login/google?next={next}")).await.expect(303);
        let back = browser.visits(leaving.header("location")).await;
        assert_eq!(browser.open(&back).await.expect(303).header("location"), "/account", "{next}");
    }
}

#[tokio::test]
async fn whoever_signed_in_by_password_links_the_account() {
    let world = World::start().await;
    world.registers("ann@mail.example").await;
    let confirmed = world.say("/auth/verify-email", &json!({ "token": world.mailed() })).await;
    assert!((200..300).contains(&confirmed.status), "{}", confirmed.text());
    refused(&world.browser().continues_with_google("/account").await, 409, "You have an account already");

    let mut browser = world.browser();
    let user = world.app.ledger.identity.users(world.app.ledger.default_org, None, 1).remove(0);
    let auth = &world.app.ledger.auth;
    let origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "a test".into() };
    let begun = auth.users.begin(&user, "password", None, &origin, Lives::BROWSER).await;
    let (session, _) = begun.expect("a session");
    let now = credit_ledger::clock::Clock::now(&*world.app.clock);
    let cookie = auth.browsers.open(user.id, session, now).await.expect("a cookie");
    browser.cookies.insert("__Host-session".into(), cookie.to_string());
    browser.continues_with_google("/account").await.expect(303);
    assert_eq!(world.users(), 1);
    // From now on Google alone is enough, and the password still is.
    world.browser().continues_with_google("/account").await.expect(303);
    assert_eq!(world.logs_in("ann@mail.example").await, 200);
    // Another person of the provider does not get in by a session that is open.
    world.provider.signs_in("990990", "ann@mail.example");
    refused(&world.browser().continues_with_google("/account").await, 409, "You have an account already");
}
