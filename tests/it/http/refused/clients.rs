//! What fields of OAuth clients cannot be.

use super::values::{Bad, malformed};

/// Whether the body to this path is a client.
pub(super) fn describes(path: &str) -> bool {
    path.ends_with("/client") || path == "/api/cross-app/register"
}

pub(super) fn scopes() -> Vec<Bad> {
    malformed(&[
        "[\"nonsense\"]",
        "[\"credits:*\"]",
        "[\"Admin\"]",
        "[\"admin \"]",
        "null",
        "\"admin\"",
        "[5]",
        "{}",
    ])
}

/// What is no client at all.
pub(super) fn whole() -> Vec<Bad> {
    malformed(&[
        "null",
        "5",
        "[]",
        "{\"more\":1}",
        "{\"client_id\":\"x\"}",
        "{\"scopes\":[\"nonsense\"]}",
        "{\"redirect_uris\":[\"javascript:alert(1)\"]}",
    ])
}

/// What no field of this name takes.
pub(super) fn of_field(field: &str) -> Vec<Bad> {
    match field {
        "client_id" => malformed(&[
            "\"\"",
            "\"ab\"",
            "\"a b c\"",
            "\"7d1f6f0a-4f0e-4b1c-9d55-0d3e8d0a4c11\"",
            "\"credit-ledger\"",
            "5",
            "[]",
        ]),
        "confidential" | "first_party" | "disabled" => malformed(&["5", "\"true\"", "[]", "{}"]),
        "grants" => malformed(&["null", "5", "[5]", "[\"password\"]", "[\"implicit\"]", "[\"\"]"]),
        "redirect_uris" | "logout_uris" => malformed(&[
            "null",
            "5",
            "[5]",
            "[\"\"]",
            "[\"/callback\"]",
            "[\"http://app.example/cb\"]",
            "[\"https://app.example/cb#x\"]",
            "[\"https://user@app.example/cb\"]",
            "[\"https://*.app.example/cb\"]",
            "[\"javascript:alert(1)\"]",
        ]),
        "origins" => malformed(&[
            "null",
            "5",
            "[5]",
            "[\"*\"]",
            "[\"app.example\"]",
            "[\"https://app.example/\"]",
            "[\"https://app.example/path\"]",
            "[\"null\"]",
        ]),
        "return_to" => malformed(&[
            "null",
            "[]",
            "{\"A\":\"https://app.example/\"}",
            "{\"a b\":\"https://app.example/\"}",
            "{\"a\":\"//evil.example\"}",
            "{\"a\":5}",
        ]),
        "audiences" => malformed(&["null", "[5]", "[\"\"]", "[\"a b\"]"]),
        "display_name" => malformed(&["5", "\"\"", "\"<b>\"", "[]"]),
        other => panic!("say what a client does not take as `{other}`"),
    }
}
