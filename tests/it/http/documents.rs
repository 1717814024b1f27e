//! What the service says about itself, without any other server.

use std::collections::BTreeSet;

use credit_ledger::http::{problem::CODES, routes::ROUTES};
use serde_json::Value;

use crate::support::app::TestApp;

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200).json();
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let served = ROUTES.iter().filter(|route| !route.path.starts_with("/bench/"));
    let served: BTreeSet<_> = served.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(documented, served);
}

/// Every text under a `"$ref"`.
fn references<'a>(json: &'a Value, found: &mut BTreeSet<&'a str>) {
    match json {
        Value::Object(members) => {
            for (name, member) in members {
                found.extend(member.as_str().filter(|_| name == "$ref"));
                references(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn what_the_document_refers_to_is_in_it() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_code_in_the_document_has_a_page() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let text = anonymous.get("/openapi.json").await.expect(200).text().to_owned();
    let linked: BTreeSet<_> =
        text.split("/problems/").skip(1).filter_map(|rest| rest.split([')', '"', '{']).next()).collect();
    assert!(linked.len() > 20, "{linked:?}");
    for code in linked.into_iter().filter(|code| !code.is_empty()) {
        anonymous.get(&format!("/problems/{code}")).await.expect(200);
    }
    let list = anonymous.get("/problems").await.expect(200);
    for entry in CODES {
        let page = anonymous.get(&format!("/problems/{}", entry.name)).await.expect(200);
        assert_eq!(page.header("content-type"), "text/markdown; charset=utf-8");
        assert!(
            page.text().starts_with(&format!("# {}\n**{} {}**\n", entry.name, entry.status, entry.title)),
            "{}",
            entry.name
        );
        assert!(list.text().contains(&format!("(/problems/{})", entry.name)), "{}", entry.name);
        let enumerated = &format!("\"{}\"", entry.name);
        assert!(text.contains(enumerated.as_str()), "{enumerated} is in the document");
    }
}

/// What a page loads: the values of `src` and `href`.
fn loaded(html: &str) -> Vec<&str> {
    let values = html.split(" src=\"").skip(1).chain(html.split(" href=\"").skip(1));
    values.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn the_documentation_works_without_any_other_server() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for at in ["/docs/", "/api/v1/docs/"] {
        let page = anonymous.get(at).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.header("content-security-policy").contains("default-src 'self'"));
        let loaded = loaded(page.text());
        assert!(loaded.len() >= 4, "{loaded:?}");
        for file in loaded {
            assert!(!file.contains("//"), "{at} loads {file}");
            let file = file.trim_start_matches("./");
            let path = if file.starts_with('/') { file.to_owned() } else { format!("{at}{file}") };
            anonymous.get(&path).await.expect(200);
        }
        let set_up = anonymous.get(&format!("{at}swagger-initializer.js")).await.expect(200);
        assert!(set_up.text().contains("\"/openapi.json\""), "{}", set_up.text());
        assert!(!set_up.text().contains("://"), "{}", set_up.text());
        // A script within the page would be against the policy.
        assert!(!page.text().contains("<script>"), "{}", page.text());
    }
}

#[tokio::test]
async fn the_documentation_is_found_without_the_slash() {
    let app = TestApp::start().await;
    for path in ["/docs", "/api/v1/docs"] {
        let page = app.anonymous().get(path).await.expect(200);
        assert!(page.text().contains("swagger-ui"), "{path}");
        assert!(page.path.ends_with("/docs/"), "{}", page.path);
    }
}
