//! What each field cannot be: JSON texts, each with the problem it gets.

pub(super) type Bad = (String, u16, &'static str);

fn each(texts: &[&str], status: u16, code: &'static str) -> Vec<Bad> {
    texts.iter().map(|text| ((*text).to_owned(), status, code)).collect()
}

fn malformed(texts: &[&str]) -> Vec<Bad> {
    each(texts, 400, "bad-request")
}

/// A JSON string of so many characters.
pub(super) fn long(chars: usize) -> String {
    format!("\"{}\"", "é".repeat(chars))
}

/// What no field of this name takes. A new field needs a line here.
pub(super) fn of_field(path: &str, field: &str) -> Vec<Bad> {
    match field {
        "cost" if path.starts_with("/api/mcp/") => amounts(NUMBERS),
        "cost" | "amount" => amounts(STRINGS),
        "service" => [malformed(&TEXTS), malformed(&["\"\"", "null", &long(129)])].concat(),
        "payment_reference" | "reason" => [malformed(&TEXTS), malformed(&["\"\"", &long(513)])].concat(),
        // A check ignores it, as it ignores whatever else is there.
        "metadata" if path.ends_with("/check") => Vec::new(),
        "metadata" => metadata(),
        "idempotency_key" => keys(),
        "price_paid" => prices(),
        "class" => malformed(&["\"gold\"", "\"Paid\"", "\"\"", "1", "[]", "{}"]),
        "priority" => malformed(&["-1", "256", "1.5", "\"1\"", "[]", "1e400"]),
        "expires_at" => expiries(),
        "expires_in_seconds" => malformed(&[
            "0",
            "-1",
            "1.5",
            "\"60\"",
            "3162240001",
            "9223372036854775807",
            "9223372036854775808",
            "[]",
        ]),
        "wallet" => malformed(&["\"\"", "\"x\"", "5", "[]", "\"7d1f6f0a-4f0e-4b1c\""]),
        "name" => names(path),
        "scopes" => {
            let unknown =
                ["[\"nonsense\"]", "[\"credits:*\"]", "[\"Admin\"]", "[\"admin\",\"\"]", "[\"admin \"]"];
            [malformed(&unknown), malformed(&["[]", "null", "\"admin\"", "[5]", "[null]", "{}"])].concat()
        }
        "organization" => {
            let hidden = ["\"nowhere\"", "\"elsewhere\"", "\"\"", "\"00000000-0000-4000-8000-000000000000\""];
            [each(&hidden, 404, "not-found"), malformed(&["5", "[]"])].concat()
        }
        other => panic!("say what {path} does not take as `{other}`"),
    }
}

/// Neither text nor a text that can be shown.
const TEXTS: [&str; 8] =
    ["5", "true", "[]", "{}", "\"a\\u0000b\"", "\"line\\nbreak\"", "\"\\u007f\"", "\"\\ud800\""];

/// Amounts where decimal strings are asked for.
const STRINGS: &[&str] = &[
    "5",
    "0.5",
    "-1",
    "1e999",
    "true",
    "[]",
    "{}",
    "[\"1\"]",
    "\"\"",
    "\" 1\"",
    "\"1 \"",
    "\"+1\"",
    "\"-1\"",
    "\"0\"",
    "\"0.000000\"",
    "\"-0\"",
    "\"0.0000001\"",
    "\"1.0000001\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-Infinity\"",
    "\"1e3\"",
    "\"0x10\"",
    "\"1,5\"",
    "\"1_000\"",
    "\".5\"",
    "\"5.\"",
    "\"1.2.3\"",
    "\"--1\"",
    "\"١\"",
    "\"one\"",
    "\"9223372036854.775808\"",
    "\"99999999999999999999999999999999999999999999\"",
];

/// Amounts where numbers are asked for.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "0e5",
    "-1",
    "-0.5",
    "0.1234567",
    "1e-7",
    "9223372036855",
    "9223372036854.775808",
    "1e20",
    "1e999",
    "1e-999",
    "99999999999999999999999999999999999999999999",
    "null",
    "true",
    "[]",
    "[1]",
    "{}",
    "\"\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-1\"",
    "\"0\"",
    "\"0.1234567\"",
    "\" 1\"",
    "\"1e1\"",
];

fn amounts(wrong: &[&str]) -> Vec<Bad> {
    let no_json = ["NaN", "Infinity", "-Infinity", "+1", ".5", "5.", "01", "0x10"];
    [each(wrong, 400, "invalid-amount"), malformed(&no_json)].concat()
}

fn metadata() -> Vec<Bad> {
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let large = format!("{{\"m\":{}}}", long(8 * 1_024));
    let wrong = malformed(&["[]", "\"x\"", "1", "true", "{\"a\":NaN}", &nested]);
    [wrong, each(&[&large], 422, "metadata-too-large")].concat()
}

fn keys() -> Vec<Bad> {
    let spaced = ["\"\"", "\"a b\"", "\"tab\\t\"", "\"nul\\u0000\"", "\"é\"", "\"\\u007f\""];
    let long = format!("\"{}\"", "k".repeat(300));
    let unusable =
        [each(&spaced, 400, "missing-idempotency-key"), each(&[&long], 400, "missing-idempotency-key")];
    [unusable.concat(), malformed(&["5", "[]", "{}"])].concat()
}

fn prices() -> Vec<Bad> {
    let shapes = [
        "5",
        "\"9.99 EUR\"",
        "[]",
        "[\"9.99\",\"EUR\"]",
        "{}",
        "{\"amount\":\"1\"}",
        "{\"currency\":\"EUR\"}",
    ];
    let amounts = ["\"-1\"", "\"NaN\"", "\"\"", "\"1e400\"", "1", "null", "\"1,5\""];
    let currencies = ["\"eur\"", "\"EURO\"", "\"\"", "\"E1R\"", "978", "null"];
    let of_amount = amounts.map(|amount| format!("{{\"amount\":{amount},\"currency\":\"EUR\"}}"));
    let of_currency = currencies.map(|currency| format!("{{\"amount\":\"1\",\"currency\":{currency}}}"));
    let more = "{\"amount\":\"1\",\"currency\":\"EUR\",\"vat\":\"0\"}".to_owned();
    let prices = of_amount.into_iter().chain(of_currency).chain([more]);
    malformed(&shapes).into_iter().chain(prices.map(|price| (price, 400, "bad-request"))).collect()
}

fn expiries() -> Vec<Bad> {
    let no_time = [
        "\"tomorrow\"",
        "\"\"",
        "5",
        "\"2027-01-01\"",
        "\"2027-13-01T00:00:00Z\"",
        "\"2027-01-01T00:00:00\"",
    ];
    // The clock of the tests stands at the beginning of 2026.
    let past = ["\"2025-12-31T23:59:59Z\"", "\"2026-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\""];
    [malformed(&no_time), each(&past, 422, "expiry-in-past")].concat()
}

fn names(path: &str) -> Vec<Bad> {
    let long = format!("\"{}\"", "n".repeat(65));
    let taken = if path == "/v1/apps" { "\"app-0\"" } else { "\"default\"" };
    let wrong = malformed(&["\"\"", "\"a/b\"", "\"<b>\"", "\"a\\u0000\"", "5", "null", "[]", &long]);
    [wrong, each(&[taken], 409, "conflict")].concat()
}
