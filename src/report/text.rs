//! Text of users and amounts, made safe for each syntax.

use std::{borrow::Cow, fmt::Write as _};

use uuid::Uuid;

/// The longest part of a service's name in an account's name.
const SEGMENT_MAX: usize = 60;

/// The text on one line: controls and line separators become spaces, and what would turn the direction
/// of the writing around it becomes U+FFFD.
pub(super) fn one_line(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{2028}' | '\u{2029}' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(plain).collect::<String>().trim().to_owned()
}

/// A description of hledger, which ends at a semicolon: that becomes its full-width twin.
pub(super) fn hledger(text: &str) -> String {
    one_line(text).replace(';', "\u{ff1b}")
}

/// A string of Beancount, with its quotes.
pub(super) fn beancount(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Text of HTML, also between the quotes of an attribute.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Controls that HTML forbids (section 13.2.3.5 of the standard).
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A service as one segment of an account's name, which both journals accept: a capital or digit, then
/// ASCII letters, digits and hyphens. Names that had to be changed by more than their first letter end
/// in a hash, so that no two services share an account.
pub(super) fn segment(service: &str) -> String {
    let words = service.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut kept = words.collect::<Vec<_>>().join("-");
    kept.truncate(SEGMENT_MAX);
    let as_it_is = kept == service
        && service.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !ends_like_a_hash(service);
    let kept = match kept.chars().next() {
        Some(first) => format!("{}{}", first.to_ascii_uppercase(), &kept[1..]),
        None => "Service".to_owned(),
    };
    if as_it_is {
        return kept;
    }
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, service.as_bytes()).simple().to_string();
    format!("{kept}-{}", &hash[..8])
}

fn ends_like_a_hash(service: &str) -> bool {
    let end = service.rsplit('-').next().unwrap_or_default();
    end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Micro-credits with all six decimals: journals infer their precision from what they read.
pub(super) fn six_decimals(micros: i128) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    format!("{sign}{whole}.{rest:06}")
}

/// Micro-credits for people: so many decimals, groups of three, and a real minus.
pub(super) fn for_people(micros: i128, decimals: usize) -> String {
    let digits = six_decimals(micros.unsigned_abs() as i128);
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut text = String::from(if micros < 0 { "\u{2212}" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    // Writing to a string cannot fail.
    let _ = write!(text, ".{}", &fraction[..decimals.min(fraction.len())]);
    text
}

/// How many of six decimals the amount needs.
pub(super) fn decimals(micros: i64) -> usize {
    let mut rest = micros.unsigned_abs() % 1_000_000;
    let mut needed = 6;
    while needed > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        needed -= 1;
    }
    needed
}

/// A kind for people: `hold_expiry` is written `hold expiry`.
pub(super) fn spaced(name: &str) -> Cow<'_, str> {
    if name.contains('_') { Cow::Owned(name.replace('_', " ")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_become_segments_that_no_two_share() {
        for (service, account) in [("chat", "Chat"), ("gpt-4o-mini", "Gpt-4o-mini"), ("3d", "3d")] {
            assert_eq!(segment(service), account);
        }
        let hostile = [
            "Chat",
            "chat ",
            "chat:x",
            "chat-x",
            "-",
            "",
            "\n2026-01-01 open X",
            "日本語",
            "é",
            "a  b",
            "a b",
            "Chat-c2a5f5d3",
            "chat-deadbeef",
        ];
        let long = ["x".repeat(61), "x".repeat(62)];
        let mut all: Vec<_> =
            hostile.iter().copied().chain(long.iter().map(String::as_str)).map(segment).collect();
        for name in &all {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()), "{name}");
            assert!(name.chars().all(allowed) && name.len() < 80, "{name}");
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), hostile.len() + 2, "{all:?}");
    }

    #[test]
    fn texts_stay_on_their_line_and_inside_their_quotes() {
        assert_eq!(one_line(" a\r\nb\u{2028}c\u{202e}d\u{0}e "), "a  b c\u{fffd}d e");
        assert_eq!(hledger("a; b:c"), "a\u{ff1b} b:c");
        assert_eq!(beancount("say \"hi\"\\\n"), "\"say \\\"hi\\\"\\\\\"");
        assert_eq!(html("<a href='x'>&\"\u{1}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{fffd}");
    }

    #[test]
    fn amounts_are_exact_in_every_notation() {
        assert_eq!(six_decimals(-1), "-0.000001");
        assert_eq!(six_decimals(i128::from(i64::MIN)), "-9223372036854.775808");
        assert_eq!(for_people(-1_234_567_500_000, 2), "\u{2212}1,234,567.50");
        assert_eq!(for_people(999_000_000, 2), "999.00");
        assert_eq!([0, 1, 10, 500_000, 1_000_000].map(decimals), [0, 6, 5, 1, 0]);
    }
}
