//! The committed OpenAPI document is the one that the code makes.

use std::{env, fs, path::Path};

#[test]
fn the_committed_document_is_up_to_date() {
    let document = credit_ledger::http::openapi::document().expect("a document");
    let text = format!("{document:#}\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("docs/openapi.json can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/openapi.json differs from the code: run this test with UPDATE=1");
}

#[test]
fn the_document_is_openapi_3_1_and_its_references_lead_somewhere() {
    let document = credit_ledger::http::openapi::document().expect("a document");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let text = document.to_string();
    let references: Vec<&str> =
        text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!references.is_empty());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}
