//! The files of the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scan;

/// A file of the checkout.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The file's Rust code without comments and literals, see [`scan::blank`].
    pub(crate) fn code(&self) -> String {
        scan::blank(&self.text)
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of one file that must exist.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `folder` whose name ends in `suffix`, in order of paths; none when there is no
/// such folder. Build products, data and hidden folders are left out.
pub(crate) fn files(folder: &str, suffix: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(folder), suffix, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file of the checkout.
pub(crate) fn sources() -> Vec<File> {
    let found = files("", ".rs");
    assert!(!found.is_empty(), "no Rust file below {}", root().display());
    found
}

fn collect(folder: &Path, suffix: &str, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder that can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let left_out = name.starts_with('.') || ["target", "data"].contains(&name.as_ref());
            if !left_out {
                collect(&path, suffix, found);
            }
        } else if name.ends_with(suffix) {
            // A file that an editor removes while the folder is read is no concern of ours.
            if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root()).expect("a path below the root");
                let path = path.to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
}
