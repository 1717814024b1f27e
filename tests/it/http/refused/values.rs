//! What each field cannot be: JSON texts, each with the problem it gets.

use super::clients;
use crate::http::requests;

pub(super) type Bad = (String, u16, &'static str);

fn each(texts: &[&str], status: u16, code: &'static str) -> Vec<Bad> {
    texts.iter().map(|text| ((*text).to_owned(), status, code)).collect()
}

pub(super) fn malformed(texts: &[&str]) -> Vec<Bad> {
    each(texts, 400, "bad-request")
}

/// A JSON string of so many characters.
pub(super) fn long(chars: usize) -> String {
    format!("\"{}\"", "é".repeat(chars))
}

/// What no field of this name takes. A new field needs a line here.
pub(super) fn of_field(path: &str, field: &str) -> Vec<Bad> {
    match field {
        "cost" | "amount" if requests::is_compatible(path) => amounts(NUMBERS),
        "amount" if path.ends_with("/caps") => amounts(&but(STRINGS, &["\"0\"", "\"0.000000\"", "\"-0\""])),
        "limit" | "approval_above" => amounts(&but(STRINGS, &["\"0\"", "\"0.000000\"", "\"-0\""])),
        "amount" if path == "/v1/adjustments" => amounts(&but(STRINGS, &["\"-1\""])),
        "cost" | "amount" | "cap" | "threshold" => amounts(STRINGS),
        "usage" => usage(),
        "budget" => [malformed(&TEXTS), malformed(&["\"\"", &long(65)])].concat(),
        "hold" | "last" | "atomic" => malformed(&["5", "\"true\"", "[]", "{}"]),
        "timeout_seconds" => {
            malformed(&["0", "-1", "1.5", "\"60\"", "31622401", "9223372036854775808", "[]"])
        }
        "period" | "role" => malformed(&["\"week\"", "\"Day\"", "5", "[]", "null"]),
        "app" | "user_id" => ids(),
        "items" => items(),
        "units" => units(),
        "valid_from" => malformed(&["\"tomorrow\"", "\"\"", "5", "\"2027-01-01\""]),
        "valid_until" => malformed(&["\"tomorrow\"", "\"\"", "5", "\"2020-01-01T00:00:00Z\""]),
        "returned_to_expired" => malformed(&[
            "null",
            "5",
            "[]",
            "\"original\"",
            "{}",
            "{\"rule\":\"never\"}",
            "{\"rule\":\"grace\"}",
            "{\"rule\":\"grace\",\"seconds\":0}",
            "{\"rule\":\"grace\",\"seconds\":-1}",
            "{\"rule\":\"original\",\"seconds\":1}",
            "{\"rule\":\"original\",\"more\":1}",
        ]),
        "cost_of_priced_service" => malformed(&["null", "5", "\"\"", "\"Allowed\"", "true"]),
        "service" => [malformed(&TEXTS), malformed(&["\"\"", "null", &long(129)])].concat(),
        "payment_reference" | "reason" => [malformed(&TEXTS), malformed(&["\"\"", &long(513)])].concat(),
        // A check ignores it, as it ignores whatever else is there.
        "metadata" if path.ends_with("check") => Vec::new(),
        "metadata" => metadata(),
        "idempotency_key" => keys(),
        "price_paid" => prices(),
        "class" => malformed(&["\"gold\"", "\"Paid\"", "\"\"", "1", "[]", "{}"]),
        "priority" => malformed(&["-1", "256", "1.5", "\"1\"", "[]", "1e400"]),
        "expires_at" => expiries(),
        "expires_in_seconds" => lives(),
        "overlap_seconds" => {
            malformed(&["-1", "1.5", "\"60\"", "2592001", "9223372036854775808", "[]", "null"])
        }
        "wallet" => malformed(&["\"\"", "\"x\"", "5", "[]", "\"7d1f6f0a-4f0e-4b1c\""]),
        "name" => names(path),
        "scopes" if clients::describes(path) => clients::scopes(),
        "scopes" | "roles" => {
            let unknown =
                ["[\"nonsense\"]", "[\"credits:*\"]", "[\"Admin\"]", "[\"admin\",\"\"]", "[\"admin \"]"];
            [malformed(&unknown), malformed(&["[]", "null", "\"admin\"", "[5]", "[null]", "{}"])].concat()
        }
        "organization" => {
            let hidden = ["\"nowhere\"", "\"elsewhere\"", "\"\"", "\"00000000-0000-4000-8000-000000000000\""];
            [each(&hidden, 404, "not-found"), malformed(&["5", "[]"])].concat()
        }
        "client" => clients::whole(),
        of_client if clients::describes(path) => clients::of_field(of_client),
        other => panic!("say what {path} does not take as `{other}`"),
    }
}

/// Lives that are none, or too long.
fn lives() -> Vec<Bad> {
    malformed(&["0", "-1", "1.5", "\"60\"", "3162240001", "9223372036854775807", "9223372036854775808", "[]"])
}

const UNKNOWN_ID: &str = "\"00000000-0000-4000-8000-000000000000\"";

/// What names no thing of the organization.
fn ids() -> Vec<Bad> {
    [malformed(&["\"x\"", "5", "[]", "null"]), each(&[UNKNOWN_ID], 404, "not-found")].concat()
}

fn but<'a>(texts: &[&'a str], sound: &[&str]) -> Vec<&'a str> {
    texts.iter().copied().filter(|text| !sound.contains(text)).collect()
}

/// Usage that is none, and quantities that are none.
fn usage() -> Vec<Bad> {
    let many: Vec<_> = (0..33).map(|unit| format!("\"u{unit}\":1")).collect();
    let many = format!("{{{}}}", many.join(","));
    let long = format!("{{{}:1}}", long(65));
    let wrong = malformed(&[
        "5",
        "[]",
        "\"tokens\"",
        "{}",
        "{\"\":1}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":NaN}",
        &many,
        &long,
    ]);
    let quantities =
        ["-1", "\"-1\"", "0.0000001", "1e20", "null", "true", "[]", "{}", "\"\"", "\"1e3\"", "\" 1\""];
    let quantities = quantities.map(|quantity| (format!("{{\"a\":{quantity}}}"), 400, "invalid-amount"));
    wrong.into_iter().chain(quantities).collect()
}

/// Prices of units that are none.
fn units() -> Vec<Bad> {
    let price = |price: &str| format!("{{\"a\":{price}}}");
    let shapes = ["5", "\"1\"", "[]", "{}", "null", "[\"1\",1]", "{\"per\":1}"];
    let pers = ["0", "-1", "1.5", "\"1\"", "4294967296"];
    let pers = pers.map(|per| price(&format!("{{\"credits\":\"1\",\"per\":{per}}}")));
    let more = price("{\"credits\":\"1\",\"more\":1}");
    let unit = "{\"credits\":\"1\"}";
    let names = [
        format!("{{\"\":{unit}}}"),
        format!("{{\"a\":{unit},\"a\":{unit}}}"),
        format!("{{{}:{unit}}}", long(65)),
    ];
    let texts = ["5", "[]", "\"x\"", "null"].map(str::to_owned).into_iter();
    let texts = texts.chain(shapes.map(price)).chain(pers).chain(names).chain([more]);
    let amounts = ["5", "\"-1\"", "\"0.0000001\"", "\"NaN\"", "null", "\"9223372036854.775808\""];
    let amounts = amounts.map(|amount| (price(&format!("{{\"credits\":{amount}}}")), 400, "invalid-amount"));
    texts.map(|text| (text, 400, "bad-request")).chain(amounts).collect()
}

/// Lists of items that are refused as a whole.
fn items() -> Vec<Bad> {
    let many = format!("[{}]", vec!["5"; 1_001].join(","));
    malformed(&["5", "{}", "null", "\"items\"", "[]", &many])
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
    let strange =
        ["\"-1\"", "\"NaN\"", "\"\"", "\"1e400\"", "1", "null", "\"1,5\"", "\"+1\"", "\".5\"", "\"5.\""];
    // Reports could not count these.
    let uncountable = ["\"9223372036854.775808\"", "\"99999999999999999\"", "\"0.0000001\""];
    let amounts = strange.into_iter().chain(uncountable);
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
    let taken = match path {
        "/v1/apps" | "/v1/clients" => Some("\"app-0\""),
        "/v1/organizations" => Some("\"default\""),
        _ => None,
    };
    let wrong = malformed(&["\"\"", "\"a/b\"", "\"<b>\"", "\"a\\u0000\"", "5", "null", "[]", &long]);
    [wrong, each(taken.as_slice(), 409, "conflict")].concat()
}
