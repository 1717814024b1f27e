//! A sign-in alone lets no app in: whoever carries its code over does, and a front end that began it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::UserId;
use serde_json::json;

use super::{World, app_id, code_on};
use crate::support::app::Answer;

const BEGIN: &str = "session=x&return_to=chatgpt";
const SILENT: &str = "/oauth/authorize?response_type=code&client_id=sora2&redirect_uri=https://sora.example/back\
     &scope=credits:deduct&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
     &prompt=none";

impl World {
    /// The one user there is.
    fn user(&self) -> UserId {
        self.app.ledger.identity.users(self.app.ledger.default_org, None, 10)[0].id
    }

    /// Whether the app may spend for the user, as the directory has it.
    fn has_access(&self) -> bool {
        self.app.ledger.identity.access(self.user(), app_id(&self.sora)).is_some()
    }

    /// What the app's key is answered.
    async fn checks(&self) -> Answer {
        let body = json!({ "service": "sora2-video-generation", "cost": 30 });
        self.sora.post("/api/mcp/v1/credits/check", &body).header("x-user-id", self.user().to_string()).await
    }

    /// How often access was granted.
    async fn grants(&self) -> usize {
        let stored = self.app.stored_from(0).await;
        stored.iter().filter(|event| event.contains("\"auth.app_access_granted")).count()
    }

    /// Makes the app a client that may ask for consent as well, or one that needs none.
    async fn lets_sora_ask(&self, first_party: bool) {
        let identity = &self.app.ledger.identity;
        let mut client = identity.client(app_id(&self.sora)).expect("a client");
        client.grants = vec!["authorization_code".into()];
        client.redirect_uris = vec!["https://sora.example/back".into()];
        client.first_party = first_party;
        identity.set_client(client.app, client, None).await.expect("a client");
    }

    /// Exchanges the code that a sign-in of a front end comes back with; gives the status.
    async fn exchanges(&self, query: &str, verifier: Option<&str>) -> u16 {
        let back = self.browser().signs_in(query).await.expect(303);
        let (_, code) = back.header("location").split_once("?code=").expect("a code");
        let body = json!({ "code": code, "code_verifier": verifier });
        self.app.anonymous().post("/api/auth/google/exchange", &body).await.status
    }
}

#[tokio::test]
async fn a_link_that_signs_somebody_in_gives_the_app_nothing() {
    let world = World::start().await;
    world.lets_sora_ask(false).await;
    // Somebody follows a stranger's link; the provider asks nothing, because they are signed in there.
    let code = code_on(&world.browser().signs_in(BEGIN).await.expect(200));
    assert_eq!((world.grants().await, world.has_access()), (0, false));
    world.checks().await.problem(403, "access-not-granted");
    let mut browser = world.browser();
    browser.continues_with_google("/account").await.expect(303);
    let silent = browser.open(SILENT).await.expect(303);
    assert!(silent.header("location").contains("error=consent_required"), "{}", silent.header("location"));
    // A code that is none grants nothing, be it as long as one.
    world.verify("VERIFIED-AAAAAAAAAAAAAAAAAAAAAAAAAA").await.problem(401, "invalid-credentials");
    assert_eq!(world.grants().await, 0);

    // Whoever carries the code over agrees.
    world.advance(5);
    let session = world.verify(&code).await.expect(200).json();
    assert_eq!((world.grants().await, world.has_access()), (1, true));
    world.checks().await.expect(200);
    world.advance(60);
    assert_eq!(world.verify(&code).await.expect(200).json(), session);
    let silent = browser.open(SILENT).await.expect(303);
    assert!(silent.header("location").contains("?code="), "{}", silent.header("location"));
}

#[tokio::test]
async fn of_two_codes_that_wait_each_counts_and_what_is_taken_back_ends_both() {
    let world = World::start().await;
    let (first, second) = (world.code().await, world.code().await);
    let waiting = world.code().await;
    world.advance(5);
    world.verify(&second).await.expect(200);
    world.advance(5);
    world.verify(&first).await.expect(200);
    world.verify(&second).await.expect(200);
    assert_eq!(world.grants().await, 1);

    world.advance(1);
    let (user, app) = (world.user(), app_id(&world.sora));
    world.app.ledger.identity.revoke_access(user, app, None).await.expect("revoked");
    for code in [&first, &second, &waiting] {
        world.verify(code).await.problem(401, "invalid-credentials");
    }
    assert!(!world.has_access(), "a code from before does not bring it back");
    world.advance(1);
    let newer = world.code().await;
    world.verify(&newer).await.expect(200);
    for code in [&first, &second, &waiting] {
        world.verify(code).await.problem(401, "invalid-credentials");
    }
    world.verify(&newer).await.expect(200);
}

#[tokio::test]
async fn a_front_end_lets_the_app_in_when_it_began_the_sign_in_itself() {
    let world = World::start().await;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    // Anybody may have made this link.
    assert_eq!(world.exchanges("return_to=chatgpt", None).await, 200);
    assert_eq!((world.grants().await, world.has_access()), (0, false));
    world.checks().await.problem(403, "access-not-granted");
    let proved = format!("return_to=chatgpt&code_challenge={challenge}");
    assert_eq!(world.exchanges(&proved, None).await, 401);
    assert!(!world.has_access());
    assert_eq!(world.exchanges(&proved, Some(verifier)).await, 200);
    assert!(world.has_access());
    world.checks().await.expect(200);
}

#[tokio::test]
async fn an_app_that_needs_no_consent_is_let_in_by_the_exchange() {
    let world = World::start().await;
    world.lets_sora_ask(true).await;
    assert_eq!(world.exchanges("return_to=chatgpt", None).await, 200);
    assert!(world.has_access());
}

#[tokio::test]
async fn a_disabled_app_is_not_let_in() {
    let world = World::start().await;
    let code = world.code().await;
    let identity = &world.app.ledger.identity;
    let mut client = identity.client(app_id(&world.sora)).expect("a client");
    client.disabled = true;
    identity.set_client(client.app, client, None).await.expect("disabled");
    world.verify(&code).await.problem(401, "invalid-credentials");
    assert_eq!((world.grants().await, world.has_access()), (0, false));
}
