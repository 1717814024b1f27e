//! Small files, small functions: what fits on a screen gets read.

use crate::scan::{blank, closing, line, outside, words};
use crate::{none, tree};

const FILE_LINES_MAX: usize = 400;
const FILE_LINES_MEDIAN_MAX: usize = 120;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_are_short() {
    let long = tree::sources()
        .iter()
        .map(|file| (&file.path, file.text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    none(long, "Split these files by what they know: at most 400 lines each.");
}

#[test]
fn most_files_are_shorter_still() {
    let sizes = tree::sources().iter().map(|file| file.text.lines().count()).collect();
    let median = median(sizes);
    assert!(
        median <= FILE_LINES_MEDIAN_MAX,
        "the median Rust file has {median} lines; at most {FILE_LINES_MEDIAN_MAX}: split the largest"
    );
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for file in tree::sources() {
        for function in functions(&file.code()) {
            if function.lines > FUNCTION_LINES_MAX {
                let Function { name, line, lines } = function;
                long.push(format!("{}:{line}: {name} has {lines} lines", file.path));
            }
        }
    }
    none(long, "Take parts out of these functions, each with a name: at most 70 lines.");
}

/// A function with a body, its first line, and its length with signature and closing brace.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Every function of blanked code, nested ones included.
fn functions(code: &str) -> Vec<Function> {
    let words = words(code);
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs
        .filter_map(|(&(at, keyword), &(name_at, name))| {
            // `fn(u8)` is a type, `r#fn` a name, `fn $name` a macro's.
            let between = &code[at + keyword.len()..name_at];
            if keyword != "fn" || !between.trim().is_empty() || code[..at].ends_with('#') {
                return None;
            }
            let open = outside(code, name_at, |rest| rest.starts_with(['{', ';']))?;
            if code[open..].starts_with(';') {
                return None;
            }
            let first = line(code, at);
            let lines = line(code, closing(code, open)?) - first + 1;
            Some(Function { name: name.to_owned(), line: first, lines })
        })
        .collect()
}

fn median(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes[sizes.len() / 2]
}

#[test]
fn functions_are_measured_from_signature_to_closing_brace() {
    let source = "
        trait T { fn declared(&self); }
        type F = fn(u8) -> u8;
        fn short() {}
        pub async fn wide<const N: usize>(
            array: [u8; { 2 + 2 }],
        ) -> char
        where
            (): Sized,
        {
            // } not the end
            let inner = || { fn nested() {\n } };
            '}'
        }";
    let found = functions(&blank(source));
    let brief: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
    assert_eq!(brief, [("short", 4, 1), ("wide", 5, 11), ("nested", 12, 2)]);
}

#[test]
fn the_median_is_the_middle() {
    assert_eq!(median(vec![900, 1, 2]), 2);
    assert_eq!(median(vec![1, 2, 3, 900]), 3);
}
