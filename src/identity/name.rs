//! Names of organizations and apps.

/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Whether a text can name an organization or app: 1 to 64 letters, digits, `-`, `_`, `.` and
/// inner spaces, so that it reads the same in a table, a log line and a path.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    !text.is_empty()
        && text.chars().count() <= MAX_NAME_CHARS
        && text.chars().all(fits)
        && text.trim().len() == text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        let long = "n".repeat(MAX_NAME_CHARS);
        for name in ["a", "Chat bot 2.0", "under_score-dash", "Ünïcode", "名前", &long] {
            assert!(is_name(name), "{name}");
        }
        let longer = "é".repeat(MAX_NAME_CHARS + 1);
        for other in
            ["", " ", " a", "a ", "a\nb", "a\tb", "a/b", "<b>", "a,b", "a\u{202e}b", "a\u{0}", &longer]
        {
            assert!(!is_name(other), "{other:?}");
        }
    }
}
