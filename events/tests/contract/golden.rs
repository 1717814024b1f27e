//! Golden files: the exact bytes of stored events, one line without an end, readable for ever.

use std::{collections::BTreeSet, fs};

use events::{EventType, Recorded, decode, encode};

use crate::{
    files::{names, path, updating, write},
    samples,
};

/// Every golden file, as `<type>/<name>.json`, with its bytes.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for event_type in names(&path("golden")) {
        for name in names(&path("golden").join(&event_type)) {
            let below = format!("{event_type}/{name}");
            let bytes = fs::read(path("golden").join(&below)).expect("a golden file");
            files.push((below, bytes));
        }
    }
    files
}

#[test]
fn each_sample_is_stored_as_its_golden_file_says() {
    for sample in samples::all() {
        let name = format!("golden/{}/{}.json", sample.event.event_type().as_str(), sample.name);
        let mut bytes = Vec::new();
        encode(&sample.envelope, &sample.event, &mut bytes).expect("an event");
        let file = path(&name);
        if updating() && !file.exists() {
            write(&file, &bytes);
        }
        let golden = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), golden, "{name}");
        let recorded = Recorded { envelope: sample.envelope, event: sample.event };
        assert_eq!(decode(golden.as_bytes()).expect("an event"), recorded, "{name}");
    }
}

#[test]
fn every_golden_file_is_read_and_of_today_s_types_written_again_unchanged() {
    let files = files();
    assert!(!files.is_empty());
    for (name, bytes) in files {
        let recorded = decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (folder, _) = name.split_once('/').expect("a folder");
        if EventType::parse(folder).is_none() {
            // An older version: it is read as its successor, which is all that can be asked.
            continue;
        }
        assert_eq!(recorded.event.event_type().as_str(), folder, "{name}");
        let mut again = Vec::new();
        encode(&recorded.envelope, &recorded.event, &mut again).expect("an event");
        assert_eq!(String::from_utf8(again), String::from_utf8(bytes), "{name}");
    }
}

#[test]
fn every_type_has_a_golden_file() {
    let there: BTreeSet<String> = names(&path("golden")).into_iter().collect();
    for event_type in EventType::ALL {
        assert!(there.contains(event_type.as_str()), "{}", event_type.as_str());
        assert!(!names(&path("golden").join(event_type.as_str())).is_empty(), "{}", event_type.as_str());
    }
}

#[test]
fn an_event_is_one_line() {
    for (name, bytes) in files() {
        assert!(!bytes.contains(&b'\n') && !bytes.contains(&b'\r'), "{name}");
    }
}

#[test]
fn the_readme_shows_a_stored_event_and_lists_every_type() {
    let readme = fs::read_to_string(path("README.md")).expect("the README");
    let golden = fs::read_to_string(path("golden/credits.deducted.v1/02-bare.json")).expect("a golden file");
    assert!(readme.contains(&golden), "the example is not {golden}");
    for event_type in EventType::ALL {
        assert!(readme.contains(&format!("| `{}` | ", event_type.as_str())), "{}", event_type.as_str());
    }
}
