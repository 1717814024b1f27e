//! Somebody creates an account, signs in by the page, lets an app in, and looks after the account.

use std::net::{IpAddr, Ipv4Addr};

use credit_ledger::identity::{mail::EmailAddress, users::Origin};

use super::world::{Browser, World, authorize, hidden, sent_back};

const EMAIL: &str = "ann@mail.example";
const PASSWORD: &str = "seven green umbrellas";

/// Posts the form of a page with what a person types.
async fn fill<'a>(
    browser: &mut Browser<'a>,
    path: &str,
    typed: &[(&str, &str)],
) -> crate::support::app::Answer {
    let page = browser.get(path).await.expect(200);
    let csrf = hidden(&page, "csrf");
    let mut form = vec![("csrf", csrf.as_str())];
    let next = if page.text().contains("name=\"next\"") { hidden(&page, "next") } else { String::new() };
    form.push(("next", &next));
    form.extend(typed);
    browser.post(path.split('?').next().unwrap_or(path), &form).await
}

/// A confirmed account.
async fn account(world: &World) -> events::UserId {
    let users = &world.app.ledger.auth.users;
    let email: EmailAddress = EMAIL.parse().expect("an address");
    let (user, _) = users.create(&email, Some("Ann".into()), world.org, None).await.expect("a user");
    users.confirmed_elsewhere(user).await.expect("confirmed");
    user
}

#[tokio::test]
async fn a_registration_says_the_same_whether_the_address_has_an_account_or_not() {
    let world = World::new().await;
    account(&world).await;
    let mut browser = world.stranger();
    let mut told = Vec::new();
    for email in [EMAIL, "bob@mail.example"] {
        let typed = [("name", "Bob"), ("email", email), ("password", PASSWORD)];
        let answer = fill(&mut browser, "/register", &typed).await.expect(200);
        told.push(answer.text().replace(email, ""));
    }
    assert_eq!(told[0], told[1]);
    for (email, password) in [("no address", PASSWORD), ("eve@mail.example", "short")] {
        let typed = [("name", "Eve"), ("email", email), ("password", password)];
        let answer = fill(&mut browser, "/register", &typed).await.expect(400);
        assert!(answer.text().contains("role=\"alert\""), "{}", answer.text());
    }
    world.app.ledger.auth.users.settled().await;
}

#[tokio::test]
async fn who_signs_in_by_the_page_comes_back_to_the_app() {
    let world = World::new().await;
    let client = world.client("app", "openid email credits:deduct").await;
    let user = account(&world).await;
    let origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "".into() };
    // By the link of a mail, as somebody who forgot the password.
    let users = &world.app.ledger.auth.users;
    users.ask_reset(EMAIL, &origin).await.expect("asked");
    users.settled().await;
    let link = mailed(&world, "/password/reset?token=");
    let mut browser = world.stranger();
    let page = browser.get(&link).await.expect(200);
    let (csrf, token) = (hidden(&page, "csrf"), hidden(&page, "token"));
    let form = [("csrf", &*csrf), ("token", &token), ("password", PASSWORD)];
    browser.post("/password/reset", &form).await.expect(200);
    browser.post("/password/reset", &form).await.expect(400);
    world.wait(1);

    let asked = authorize("app", &[("scope", "openid email credits:deduct"), ("prompt", "login")]);
    let login = browser.get(&asked).await.expect(303).header("location").to_owned();
    let wrong = fill(&mut browser, &login, &[("email", EMAIL), ("password", "six green umbrellas")]).await;
    assert_eq!(wrong.status, 401);
    let answer = fill(&mut browser, &login, &[("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
    let back = answer.header("location").to_owned();
    assert!(back.starts_with("/oauth/authorize?") && !back.contains("prompt"), "{back}");
    let page = browser.get(&back).await.expect(200);
    assert!(page.text().contains(EMAIL), "{}", page.text());
    let code = sent_back(&browser.decide(&page, "allow").await)["code"].clone();
    let tokens = world.redeem(&client, &code).await.expect(200);
    let said = super::world::claims(&tokens.member("id_token"));
    assert_eq!((said["email"].as_str(), said["email_verified"].as_bool()), (Some(EMAIL), Some(true)));

    let page = browser.get("/account").await.expect(200);
    assert!(page.text().contains("Ann") && page.text().contains("this device"), "{}", page.text());
    let csrf = hidden(&page, "csrf");
    let app = client.app.to_string();
    browser.post("/account/apps/disconnect", &[("csrf", &csrf), ("app", &app)]).await.expect(303);
    assert!(world.app.ledger.identity.access(user, client.app).is_none());
    assert!(!world.is_active(&client, &tokens.member("refresh_token")).await);
    browser.post("/account/sessions/end-all", &[("csrf", &csrf)]).await.expect(303);
    assert_eq!(browser.get("/account").await.expect(303).header("location"), "/login?next=%2Faccount");
}

#[tokio::test]
async fn who_registers_for_an_app_comes_back_to_it() {
    let world = World::new().await;
    let client = world.client("app", "openid email credits:deduct").await;
    let mut browser = world.stranger();
    let asked = authorize("app", &[("scope", "openid email"), ("prompt", "create")]);
    let register = browser.get(&asked).await.expect(303).header("location").to_owned();
    assert!(register.starts_with("/register?next="), "{register}");
    let typed = [("name", "Ann"), ("email", EMAIL), ("password", PASSWORD)];
    fill(&mut browser, &register, &typed).await.expect(200);
    world.app.ledger.auth.users.settled().await;
    let page = browser.get(&mailed(&world, "/verify-email?token=")).await.expect(200);
    let (csrf, token) = (hidden(&page, "csrf"), hidden(&page, "token"));
    let ready = browser.post("/verify-email", &[("csrf", &csrf), ("token", &token)]).await.expect(200);
    let html = ready.text();
    let link = &html[html.find("/login?next=").expect("the way back")..];
    let login = link.split('"').next().expect("an end").replace("&amp;", "&");
    let answer = fill(&mut browser, &login, &[("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
    let consent = browser.get(answer.header("location")).await.expect(200);
    let code = sent_back(&browser.decide(&consent, "allow").await)["code"].clone();
    world.redeem(&client, &code).await.expect(200);
}

/// The page tells whoever confirms an address that was registered twice to look for another mail.
#[tokio::test]
async fn the_page_says_when_no_password_of_a_registration_counts() {
    let world = World::new().await;
    let mut browser = world.stranger();
    for password in ["the attacker's own", PASSWORD] {
        let typed = [("name", "Ann"), ("email", EMAIL), ("password", password)];
        fill(&mut browser, "/register", &typed).await.expect(200);
        world.app.ledger.auth.users.settled().await;
    }
    let page = browser.get(&mailed(&world, "/verify-email?token=")).await.expect(200);
    let (csrf, token) = (hidden(&page, "csrf"), hidden(&page, "token"));
    let form = [("csrf", &*csrf), ("token", &token)];
    let told = browser.post("/verify-email", &form).await.expect(200);
    assert!(told.text().contains("registered more than once"), "{}", told.text());
    world.app.ledger.auth.users.settled().await;
    let typed = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(fill(&mut browser, "/login", &typed).await.status, 401);
    let page = browser.get(&mailed(&world, "/password/reset?token=")).await.expect(200);
    let (csrf, token) = (hidden(&page, "csrf"), hidden(&page, "token"));
    let form = [("csrf", &*csrf), ("token", &token), ("password", PASSWORD)];
    browser.post("/password/reset", &form).await.expect(200);
    world.wait(1);
    fill(&mut browser, "/login", &typed).await.expect(303);
}

/// The path of such a link in a mail.
fn mailed(world: &World, path: &str) -> String {
    let folder = world.app.data_dir().join("mail");
    let mails = std::fs::read_dir(folder).expect("a folder of mails");
    let texts = mails.map(|entry| std::fs::read_to_string(entry.expect("a mail").path()).expect("text"));
    let text = texts.max_by_key(|text| text.contains(path)).expect("a mail");
    // Mails are encoded as quoted-printable.
    let text = text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
    let start = text.find(path).unwrap_or_else(|| panic!("no link in {text}"));
    text[start..]
        .split(|c: char| c.is_whitespace() || "\"<>".contains(c))
        .next()
        .unwrap_or_default()
        .to_owned()
}
