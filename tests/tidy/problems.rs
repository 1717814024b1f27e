//! Every error code has its page, and every page its code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::documents::rows;
use crate::none;
use crate::scan::{blank, closing, line, outside};
use crate::tree::{self, File};

/// The constant below `src/http/` that lists the codes: its string literals in kebab-case.
const LIST: &str = "const CODES";

#[test]
fn every_code_of_the_service_has_its_page() {
    let coded: BTreeSet<String> =
        tree::files("src/http", ".rs").iter().flat_map(|file| codes(&file.text)).collect();
    assert!(!coded.is_empty(), "no file below src/http/ has `{LIST}: &[…]`");
    let paged: BTreeSet<String> = pages().iter().map(|page| stem(page).to_owned()).collect();
    let mut broken: Vec<String> =
        coded.difference(&paged).map(|code| format!("{code} has no page")).collect();
    broken.extend(paged.difference(&coded).map(|code| format!("{code} is no code in src/http/")));
    none(broken, "One code, one page: docs/problems/<code>.md, named in the README beside it.");
}

#[test]
fn every_page_is_listed_with_its_status() {
    let readme = tree::read("docs/problems/README.md");
    let statuses = statuses(&readme);
    let pages = pages();
    let mut broken = Vec::new();
    for page in &pages {
        match statuses.get(stem(page)) {
            None => broken.push(format!("{} is not in the table", page.path)),
            Some(status) => broken.extend(faults(page, status)),
        }
    }
    for code in statuses.keys().filter(|code| !pages.iter().any(|page| stem(page) == **code)) {
        broken.push(format!("{code} is in the table, but has no page"));
    }
    none(
        broken,
        "A page has a title `# <code>`, Cause, What to do, Retry, and an example with its own code and status.",
    );
}

fn pages() -> Vec<File> {
    let mut files = tree::files("docs/problems", ".md");
    files.retain(|file| file.name() != "README.md");
    files
}

fn stem(page: &File) -> &str {
    page.name().strip_suffix(".md").unwrap_or(page.name())
}

/// Code and status of each row in the README's table.
fn statuses(readme: &str) -> BTreeMap<&str, &str> {
    let codes = rows(readme).into_iter().map(|(code, _)| code);
    codes
        .map(|code| {
            let row = readme.lines().find(|line| line.contains(&format!("`{code}`")));
            (code, row.and_then(|row| row.split('|').nth(2)).unwrap_or_default().trim())
        })
        .collect()
}

/// What a page lacks.
fn faults(page: &File, status: &str) -> Vec<String> {
    let code = stem(page);
    let mut found = Vec::new();
    let title = format!("# {code}");
    for wanted in [title.as_str(), "## Cause", "## What to do", "## Retry", "## Example"] {
        if !page.text.lines().any(|line| line == wanted) {
            found.push(format!("{}: lacks `{wanted}`", page.path));
        }
    }
    let example = page.text.split("```json").nth(1).and_then(|rest| rest.split("```").next());
    let example: Value = serde_json::from_str(example.unwrap_or("")).unwrap_or_default();
    let same = example["code"].as_str() == Some(code)
        && example["type"].as_str() == Some(&format!("/problems/{code}"))
        && example["status"].as_u64() == status.parse().ok();
    let complete = ["title", "detail", "instance", "request_id", "error"];
    if !same || complete.iter().any(|member| !example[*member].is_string()) {
        found.push(format!("{}: its example isn't a whole `{code}` problem with status {status}", page.path));
    }
    found
}

/// The kebab-case string literals of the list of codes in this source; none when it has no list.
fn codes(source: &str) -> Vec<String> {
    let code = blank(source);
    let Some(list) = code.find(LIST) else {
        return Vec::new();
    };
    let open = outside(&code, list, |rest| rest.starts_with('='))
        .and_then(|equals| code[equals..].find('[').map(|at| equals + at));
    let open = open.unwrap_or_else(|| panic!("line {}: no list", line(&code, list)));
    let close = closing(&code, open).expect("a closed list");
    // Strings start and end where the blanked code has its quotes.
    let quotes: Vec<usize> = code[open..close].match_indices('"').map(|(at, _)| open + at).collect();
    let literals = quotes.chunks_exact(2).map(|pair| &source[pair[0] + 1..pair[1]]);
    literals.filter(|literal| is_kebab(literal)).map(str::to_owned).collect()
}

fn is_kebab(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split('-').all(part)
}

#[test]
fn codes_are_read_from_the_source() {
    let source = "/// `const` of all\npub const CODES: &[(&str, u16)] = &[(\"not-found\", 404), // \"no\"\n (\"internal\", 500, \"A title\")];\nconst X: &str = \"other\";";
    assert_eq!(codes(source), ["not-found", "internal"]);
    assert_eq!(codes("fn f() { \"const CODES\" }"), Vec::<String>::new());
}

#[test]
fn a_page_out_of_step_is_found() {
    let whole = "# gone\n## Cause\n## What to do\n## Retry\n## Example\n```json\n{\"type\": \"/problems/gone\", \"title\": \"t\", \"status\": 410, \"detail\": \"d\", \"instance\": \"i\", \"code\": \"gone\", \"request_id\": \"r\", \"error\": \"t\"}\n```";
    let page = |text: String| File { path: "docs/problems/gone.md".to_owned(), text };
    assert_eq!(faults(&page(whole.to_owned()), "410"), Vec::<String>::new());
    assert_eq!(faults(&page(whole.to_owned()), "404").len(), 1);
    assert_eq!(faults(&page(whole.replace("## Retry", "")), "410").len(), 1);
    assert_eq!(faults(&page(whole.replace("\"code\": \"gone\"", "\"code\": \"went\"")), "410").len(), 1);
}
