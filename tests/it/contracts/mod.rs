//! The published contracts: AsyncAPI and JSON Schemas, held against stored events, generated ones and
//! what was published before.

mod compare;
mod document;
mod messages;

use std::{fs, path::PathBuf};

use credit_ledger::broker::asyncapi;
use events::EventType;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every golden file: its type, its name and its text.
fn golden() -> Vec<(EventType, String, String)> {
    let mut found = Vec::new();
    for event_type in EventType::ALL {
        let folder = root().join("events/golden").join(event_type.as_str());
        let mut files: Vec<_> =
            fs::read_dir(&folder).expect("golden files").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).expect("a golden file");
            found.push((*event_type, file.display().to_string(), text));
        }
    }
    found
}

/// The document that the code makes; its examples are the first golden file of each type.
fn generated() -> Value {
    let golden = golden();
    let mut examples: Vec<asyncapi::Example<'_>> =
        golden.iter().map(|(event_type, _, text)| (*event_type, text.as_str())).collect();
    examples.dedup_by_key(|(event_type, _)| *event_type);
    asyncapi::document(&examples).expect("a document")
}
