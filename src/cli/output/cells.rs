//! The cells of tables and CSV files.

use serde_json::Value;

/// One column: its name, and where its value stands in a JSON object (RFC 6901).
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The header.
    pub name: &'static str,
    /// The JSON pointer, such as `/wallet/balance`.
    pub pointer: &'static str,
}

impl Column {
    /// A column named after the member that it shows.
    #[must_use]
    pub const fn new(name: &'static str, pointer: &'static str) -> Self {
        Self { name, pointer }
    }

    /// The cell's text; empty when the object has no such member.
    #[must_use]
    pub fn text(&self, thing: &Value) -> String {
        match thing.pointer(self.pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
            }
            Some(other) => other.to_string(),
        }
    }
}
