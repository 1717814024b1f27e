//! From the first link to the first credit spent.

use credit_ledger::identity::vault::ActivityKind;
use serde_json::json;

use super::{World, app_id, code_on};

#[tokio::test]
async fn somebody_signs_in_carries_the_code_over_and_spends() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser.leaves("session=word-of-the-caller&return_to=chatgpt").await;
    assert!(page.starts_with(&format!("{}/authorize?", world.provider.issuer)), "{page}");
    for asked in
        ["response_type=code", "scope=openid+email+profile", "code_challenge_method=S256", "nonce=", "state="]
    {
        assert!(page.contains(asked), "{page}");
    }
    assert!(!page.contains("word-of") && !page.contains("chatgpt"), "nothing of the caller's leaves: {page}");
    let back = browser.visits(&page).await;
    let shown = browser.open(&back).await.expect(200);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    assert_eq!(shown.header("x-frame-options"), "DENY");
    assert!(shown.header("content-security-policy").contains("frame-ancestors 'none'"));
    for said in ["Sora 2 Video", "sora.example", "ann@mail.example", "Never give this code"] {
        assert!(shown.text().contains(said), "{said}");
    }
    let code = code_on(&shown);

    let session = world.verify(&code).await.expect(200).json();
    assert_eq!(
        (&session["user"]["email"], &session["user"]["name"]),
        (&json!("ann@mail.example"), &json!("Ann Lee"))
    );
    assert_eq!(session["valid"], true);
    assert_eq!(session["expires_at"], "2026-01-08T00:00:00.000000Z");
    let user = session["user"]["id"].as_str().expect("an id");

    // The code has let the app in, so its key may spend; the wallet was opened with the account.
    let ask = |path: &str, cost: u32| {
        let body = json!({ "service": "sora2-video-generation", "cost": cost });
        world.sora.post(path, &body).header("x-user-id", user)
    };
    let poor = ask("/api/mcp/v1/credits/check", 30).await.expect(200).json();
    assert_eq!((&poor["sufficient"], &poor["balance"]), (&json!(false), &json!(0)));
    let bought = json!({ "amount": "100" });
    let admin = world.app.admin().await;
    let purchase = admin.post(&format!("/v1/wallets/{user}/purchases"), &bought).key("buy").await;
    assert!([200, 201].contains(&purchase.status), "{}", purchase.text());
    let spent = ask("/api/mcp/v1/credits/deduct", 30).await.expect(200).json();
    assert_eq!((&spent["status"], &spent["new_balance"]), (&json!("ok"), &json!(70)));

    let again = world.verify(&code.to_lowercase()).await.expect(200).json();
    assert_eq!(again, session, "presented again, it says the same");
}

#[tokio::test]
async fn what_happened_is_in_the_log_and_nothing_personal_with_it() {
    let world = World::start().await;
    let code = world.code().await;
    world.verify(&code).await.expect(200);
    world.verify(&code).await.expect(200);
    let stored = world.app.stored_from(0).await;
    let count = |kind: &str| stored.iter().filter(|event| event.contains(&format!("\"{kind}"))).count();
    for kind in [
        "auth.user_registered",
        "auth.user_verified",
        "auth.user_linked",
        "auth.app_access_granted",
        "auth.user_signed_in",
        "auth.session_verified",
    ] {
        assert_eq!(count(kind), 1, "{kind}");
    }
    for secret in ["ann@mail.example", "Ann Lee", "192.0.2.7", "Firefox", "110169", &code[9..], "GOCSPX"] {
        assert!(!stored.iter().any(|event| event.contains(secret)), "{secret}");
    }
    assert_eq!(world.noted(ActivityKind::SignIn).await, ["google"]);
    assert_eq!(world.noted(ActivityKind::SessionVerification).await, ["first_use"]);
    assert_eq!(world.noted(ActivityKind::SecurityAlert).await, [""; 0]);
    let access = world.app.ledger.identity;
    let user = access.users(world.app.ledger.default_org, None, 10)[0].id;
    assert!(access.access(user, app_id(&world.sora)).is_some());
}

#[tokio::test]
async fn several_tabs_of_one_browser_sign_in_at_once() {
    let world = World::start().await;
    let mut browser = world.browser();
    let first = browser.leaves("session=s1&return_to=chatgpt").await;
    let second = browser.leaves("session=s2&return_to=sora2").await;
    for page in [second, first] {
        let back = browser.visits(&page).await;
        code_on(&browser.open(&back).await.expect(200));
    }
    assert_eq!(world.users(), 1);
}

#[tokio::test]
async fn the_other_callback_answers_alike() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser.leaves("session=s1&return_to=chatgpt").await;
    let back =
        browser.visits(&page).await.replace("/api/auth/google/callback", "/api/v1/oauth/callback/google");
    code_on(&browser.open(&back).await.expect(200));
}
