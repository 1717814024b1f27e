//! Which events a query takes.

use std::str::FromStr;

use events::EventType;

use super::{FeedQuery, header::Header, told::Told};

/// Types by a whole name, `credits.deducted.v1`, or by whole first parts of names:
/// `credits.deducted` (all its versions) and `credits.*` or `credits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeFilter {
    /// A whole name, or the start of names, ending with a dot.
    text: Box<str>,
}

/// No event type matches: a slip of the pen, which would wait for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no event type is called so; use a type such as credits.deducted.v1, or a prefix such as credits.*")]
pub struct UnknownType;

impl TypeFilter {
    /// Whether a type of this name is meant.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        if self.text.ends_with('.') { name.starts_with(&*self.text) } else { name == &*self.text }
    }
}

impl FromStr for TypeFilter {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let text = match text.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('.') => prefix.to_owned(),
            Some(_) => return Err(UnknownType),
            None if EventType::parse(text).is_some() => text.to_owned(),
            None => format!("{text}."),
        };
        let filter = Self { text: text.into() };
        let known = EventType::ALL.iter().any(|known| filter.takes(known.as_str()));
        if known { Ok(filter) } else { Err(UnknownType) }
    }
}

/// A query, with what it compares made ready.
pub(super) struct Matcher<'a> {
    org: Option<String>,
    subject: Option<String>,
    identity: bool,
    types: &'a [TypeFilter],
    pub(super) told: Option<&'a Told>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(query: &'a FeedQuery) -> Self {
        Self {
            org: query.org.map(|org| org.to_string()),
            subject: query.wallet.map(|wallet| format!("wallet/{wallet}")),
            identity: query.identity,
            types: &query.types,
            told: query.told.as_ref(),
        }
    }

    pub(super) fn takes(&self, header: &Header<'_>) -> bool {
        self.org.as_deref().is_none_or(|org| header.org.as_deref() == Some(org))
            && self.subject.as_deref().is_none_or(|subject| header.subject == subject)
            && (self.identity || !header.event_type.starts_with("auth."))
            && (self.types.is_empty() || self.types.iter().any(|filter| filter.takes(&header.event_type)))
            && self.told.is_none_or(|told| told.takes(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(filter: &str) -> Vec<&'static str> {
        let filter: TypeFilter = filter.parse().expect("a filter");
        EventType::ALL.iter().map(|known| known.as_str()).filter(|name| filter.takes(name)).collect()
    }

    #[test]
    fn types_are_named_whole_without_version_or_by_prefix() {
        assert_eq!(taken("credits.deducted.v1"), ["credits.deducted.v1"]);
        assert_eq!(taken("credits.deducted"), ["credits.deducted.v1"]);
        assert_eq!(taken("credits.deducted.*"), ["credits.deducted.v1"]);
        assert_eq!(taken("organization.*"), ["organization.policy_set.v1"]);
        let credits = taken("credits.*");
        assert_eq!(taken("credits"), credits);
        assert!(credits.len() > 5 && credits.iter().all(|name| name.starts_with("credits.")), "{credits:?}");
    }

    #[test]
    fn what_no_type_is_called_is_refused() {
        for text in [
            "",
            "*",
            ".*",
            "credits*",
            "credit.*",
            "credits.deducted.v",
            "credits.deducted.v9",
            "credits.deduct",
            "Credits.*",
            "credits.*.v1",
        ] {
            assert_eq!(text.parse::<TypeFilter>(), Err(UnknownType), "{text}");
        }
    }
}
