//! A reader of Rust text that knows comments, literals and brackets, and no more: enough to count
//! lines and find words without being fooled by a brace in a string.

/// The code with every comment blanked and every string and character literal emptied. Byte
/// offsets and line breaks stay where they were.
pub(crate) fn blank(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    while out.len() < bytes.len() {
        let rest = &bytes[out.len()..];
        let in_word = out.last().is_some_and(|&byte| is_word(byte));
        if let Some(length) = comment(rest) {
            out.extend(rest[..length].iter().map(|&byte| hidden(byte)));
        } else if let Some(length) = literal(rest, in_word) {
            out.push(b'"');
            out.extend(rest[1..length - 1].iter().map(|&byte| hidden(byte)));
            out.push(b'"');
        } else {
            out.push(if rest[0].is_ascii() { rest[0] } else { b'u' });
        }
    }
    String::from_utf8(out).expect("only ASCII was pushed")
}

fn hidden(byte: u8) -> u8 {
    if byte == b'\n' { b'\n' } else { b' ' }
}

/// The length of the comment that starts here.
fn comment(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"//") {
        return Some(find(rest, b"\n").unwrap_or(rest.len()));
    }
    if !rest.starts_with(b"/*") {
        return None;
    }
    let (mut depth, mut at) = (1, 2);
    while depth > 0 && at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
    }
    Some(at.min(rest.len()))
}

/// The length of the string or character literal that starts here.
fn literal(rest: &[u8], in_word: bool) -> Option<usize> {
    match rest[0] {
        b'"' => Some(escaped(rest, 1, b'"')),
        b'\'' => character(rest),
        b'r' | b'b' | b'c' if !in_word => raw_string(rest),
        _ => None,
    }
}

/// The offset after the closing `quote`, the search starting at `at`.
fn escaped(rest: &[u8], mut at: usize, quote: u8) -> usize {
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// A character literal, as against a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    let first = *rest.get(1)?;
    if first == b'\\' {
        return Some(escaped(rest, 1, b'\''));
    }
    let width = match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let hashes = rest[prefix.len()..].iter().take_while(|&&byte| byte == b'#').count();
    let open = prefix.len() + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = open + 1;
    Some(find(&rest[body..], &close).map_or(rest.len(), |end| body + end + close.len()))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Whether the byte can be part of an identifier.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every identifier, keyword and number of blanked code, with its offset.
pub(crate) fn words(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in code.split(|c: char| !c.is_ascii() || !is_word(c as u8)) {
        if !word.is_empty() {
            found.push((at, word));
        }
        at += word.len() + 1;
    }
    found
}

/// The number of the line that holds `offset`, from 1.
pub(crate) fn line(code: &str, offset: usize) -> usize {
    code[..offset].matches('\n').count() + 1
}

/// The first offset at or after `from`, outside all brackets opened on the way, where `wanted`
/// holds of the code from there on. `None` at the bracket that closes the surroundings.
pub(crate) fn outside(code: &str, from: usize, wanted: impl Fn(&str) -> bool) -> Option<usize> {
    let mut depth = 0;
    for (index, byte) in code.bytes().enumerate().skip(from) {
        if depth == 0 && wanted(&code[index..]) {
            return Some(index);
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return None,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The offset of the bracket that closes the one at `open`.
pub(crate) fn closing(code: &str, open: usize) -> Option<usize> {
    outside(code, open + 1, |rest| rest.starts_with([')', ']', '}']))
}

#[test]
fn comments_and_literals_are_blanked_in_place() {
    let cases = [
        ("a // }\nb", "a     \nb"),
        ("a /* { /* } */ { */ b", "a                   b"),
        (r#"f("}\"{", x)"#, r#"f("    ", x)"#),
        (r##"r#"}" "# + y"##, r##""      " + y"##),
        ("br\"{\" + b'{' + '\\''", "\"   \" + b\" \" + \"  \""),
        ("'{' 'é' <'a>(x: &'a str)", "\" \" \"  \" <'a>(x: &'a str)"),
        ("r#fn for \"two\nlines\"", "r#fn for \"   \n     \""),
        ("\"\\\\\" }", "\"  \" }"),
    ];
    for (source, wanted) in cases {
        assert_eq!(blank(source), wanted, "{source}");
        assert_eq!(blank(source).len(), source.len(), "{source}");
    }
}

#[test]
fn brackets_are_paired() {
    let code = "f(a, [b; 2], {c}) + d";
    assert_eq!(closing(code, 1), Some(16));
    assert_eq!(closing(code, 5), Some(10));
    assert_eq!(closing("f(a", 1), None);
    assert_eq!(outside(code, 0, |rest| rest.starts_with('c')), None);
    assert_eq!(outside(code, 0, |rest| rest.starts_with('d')), Some(20));
}

#[test]
fn words_carry_their_offsets() {
    let found = words("let a_1 = b::c;");
    assert_eq!(found, [(0, "let"), (4, "a_1"), (10, "b"), (13, "c")]);
    assert_eq!(line("a\nb\nc", 4), 3);
}
