//! Every page, as browsers get it. `target/pages` has them afterwards, to be looked at.

use std::{fs, path::PathBuf};

use axum::{http::StatusCode, response::IntoResponse};

use super::*;

/// A name that would break out of any place where it is not escaped.
const HOSTILE: &str = "\"><script>alert(1)</script>'&\u{202e}";
const SITE: Site<'_> = Site { name: "credits.example" };

const FORM: Form<'_> =
    Form { action: "/login", csrf: "csrf-token", hidden: &[("continue", "/oauth/authorize?a=1&b=2")] };

/// All pages, with one name and address in every place where others choose the text.
fn all<'a>(name: &'a str, complaint: Option<&'a str>) -> Vec<(&'static str, Page)> {
    let app = AskingApp { name, domain: Some("sora.example") };
    let hidden = [("token", name)];
    let form = Form { hidden: &hidden, ..FORM };
    let some = name;
    let scopes = ["openid", "email", "credits:check", "credits:deduct", "offline_access"];
    let (google, register, reset) = (Some("/api/auth/google"), "/register", "/password/reset");
    let sessions = [
        SignedIn {
            id: "s1",
            device: "Firefox on Linux",
            address: "192.0.2.7",
            since: "21 November 2026, 23:14 UTC",
            this: true,
        },
        SignedIn {
            id: "s2",
            device: some,
            address: "2001:db8::7",
            since: "1 November 2026, 08:02 UTC",
            this: false,
        },
    ];
    let apps = [ConnectedApp { id: "sora2", app, scopes: &scopes, since: "2 October 2026" }];
    let account_view = Account {
        form,
        name: some,
        email: some,
        verified: complaint.is_none(),
        notice: complaint,
        sessions: &sessions,
        apps: &apps,
        end_session: "/account/sessions/end",
        end_all: "/account/sessions/end-all",
        logout: "/logout",
        disconnect: "/account/apps/disconnect",
    };
    vec![
        ("login", login(SITE, &Login { form, app: Some(app), email: if complaint.is_some() { some } else { "" }, complaint, notice: None, google, register, reset })),
        ("register", register_page(form, app, some, complaint)),
        ("verify", verify(SITE, &Verify { form })),
        ("ask_reset", ask_reset(SITE, &AskReset { form, email: some, complaint, login: "/login" })),
        ("choose_reset", choose_reset(SITE, &ChooseReset { form, complaint })),
        ("consent", consent(SITE, &Consent { form, app, email: some, scopes: &scopes, other_account: "/login" }).leading_to("https://sora.example/callback")),
        ("account", account(SITE, &account_view)),
        ("done", message(SITE, &Message { title: "Check your mail", text: "If this address can be used, a mail with a link is on its way.", good: true, request: None, on: Some(("/login", "Back to sign in")) })),
        ("error", message(SITE, &Message { title: "This sign-in cannot be finished", text: "It was begun in another browser, or too long ago. Please start again from the app.", good: false, request: Some(some), on: None }).with_status(StatusCode::BAD_REQUEST)),
        ("verified", verified(SITE, &Verified { app, email: some, code: "VERIFIED-MZXW6YTBOI7DEMRTGQ2TMNZYHE", until: "23:24 UTC" })),
    ]
}

fn register_page(form: Form<'_>, app: AskingApp<'_>, some: &str, complaint: Option<&str>) -> Page {
    let (google, login) = (Some("/api/auth/google"), "/login");
    let (name, email) = if complaint.is_some() { (some, some) } else { ("", "") };
    register(SITE, &Register { form, app: Some(app), name, email, complaint, google, login })
}

/// The values of an attribute.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.match_indices(&start).filter_map(|(at, _)| html[at + start.len()..].split('"').next()).collect()
}

#[test]
fn pages_can_be_looked_at() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    fs::create_dir_all(&folder).expect("a folder");
    for (kind, complaint) in
        [("", None), ("-complaint", Some("That did not work: the e-mail address or the password is wrong."))]
    {
        for (name, page) in all("Sora 2 Video", complaint) {
            fs::write(folder.join(format!("{name}{kind}.html")), &page.html).expect("a file");
        }
    }
}

#[test]
fn names_that_others_choose_stay_text() {
    for (name, page) in all(HOSTILE, Some(HOSTILE)) {
        let html = &page.html;
        let scripts = html.matches("<script").count();
        assert_eq!(scripts, usize::from(name == "verified"), "{name}");
        assert!(!html.contains("alert(1)</script>") && !html.contains("\"><script"), "{name}");
        if name != "verify" && name != "done" && name != "choose_reset" {
            assert!(html.contains("&lt;script&gt;alert(1)"), "{name}: {html}");
        }
    }
}

#[test]
fn pages_are_whole_and_accessible() {
    for (name, page) in all("Sora 2", None).into_iter().chain(all("Sora 2", Some("Wrong."))) {
        let html = &page.html;
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main>").count(), 1, "{name}");
        assert!(html.contains("name=\"viewport\""), "{name}");
        for place in ["for", "aria-describedby", "aria-labelledby"] {
            for id in values(html, place).iter().flat_map(|ids| ids.split(' ')) {
                assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{name}: {place}={id}");
            }
        }
        let mut ids = values(html, "id");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), values(html, "id").len(), "{name}: ids are unique");
        let body = &html[html.find("<body>").expect("a body")..];
        let fields = body.split("<input ").skip(1).filter(|field| !field.starts_with("type=\"hidden\""));
        for field in fields {
            let field = format!(" {field}");
            let id = values(&field, "id")[0];
            assert!(body.contains(&format!("<label for=\"{id}\">")), "{name}: {id} has a label");
            assert!(field.contains("autocomplete="), "{name}: {id}");
        }
        let forms = body.matches("<form ").count();
        assert_eq!(body.matches("<form method=\"post\"").count(), forms, "{name}: no secret in a URL");
        assert_eq!(body.matches("name=\"csrf\" value=\"csrf-token\"").count(), forms, "{name}");
        for handler in [" style=", " onclick=", " onload=", "javascript:", "http://", "https://"] {
            assert!(!body.contains(handler), "{name}: {handler}");
        }
    }
}

#[test]
fn others_can_neither_frame_nor_script_nor_keep_a_page() {
    for (name, page) in all("Sora 2", None) {
        let (status, html) = (page.status, page.html.clone());
        let response = page.into_response();
        assert_eq!(response.status(), status);
        let header = |of: &str| response.headers()[of].to_str().expect("text").to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert_eq!(policy.contains("script-src 'none'"), !html.contains("<script"), "{name}");
        let ends =
            if name == "consent" { "form-action 'self' https://sora.example" } else { "form-action 'self'" };
        assert!(policy.ends_with(ends), "{policy}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
    }
}

#[test]
fn consent_says_in_words_what_the_app_may_do_and_money_first() {
    let scopes = ["openid", "something:new", "credits:deduct"];
    let app = AskingApp { name: "Sora 2", domain: Some("sora.example") };
    let view =
        Consent { form: FORM, app, email: "ann@mail.example", scopes: &scopes, other_account: "/login" };
    let html = consent(SITE, &view).html;
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(at("Spend your credits") < at("Know that it is you"));
    assert!(at("something:new") > 0 && at("sora.example") > 0 && at("ann@mail.example") > 0);
    assert!(
        html.contains("name=\"decision\" value=\"deny\"")
            && html.contains("name=\"decision\" value=\"allow\"")
    );
}

#[test]
fn the_code_is_shown_once_whole_and_with_a_warning() {
    let code = "VERIFIED-MZXW6YTBOI7DEMRTGQ2TMNZYHE";
    let app = AskingApp { name: "Sora 2", domain: None };
    let html = verified(SITE, &Verified { app, email: "ann@mail.example", code, until: "23:24 UTC" }).html;
    let html = html.replace("<wbr>", "");
    assert_eq!(html.matches(code).count(), 1);
    assert!(html.contains(&format!(
        "<code id=\"code\" tabindex=\"0\" aria-label=\"Your code\" translate=\"no\">{code}</code>"
    )));
    for said in
        ["Sora 2", "within 10 minutes (until 23:24 UTC)", "for 7 days", "Never give this code to anybody"]
    {
        assert!(html.contains(said), "{said}");
    }
    assert!(html.contains("type=\"button\" hidden"), "without a script there is no button that does nothing");
}
