//! What the batches share: many commands in one request, each with a result of its own.

use std::fmt;

use axum::http::StatusCode;
use events::{Operation, WalletId};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use super::{
    app::Shared,
    commands::Answer,
    extract::Object,
    lookup,
    problem::{self, Problem},
    reply::Reply,
};
use crate::engine::{Ask, EngineError, Receipt};

/// The most items of a batch.
pub(super) const ITEMS_MAX: usize = 1_000;

/// The items of a batch as they stand in the body, so that each is read, and refused, by itself.
#[derive(Debug)]
pub(super) struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtMost;
        impl<'de> de::Visitor<'de> for AtMost {
            type Value = Vec<&'de RawValue>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of 1 to {ITEMS_MAX} items")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() == ITEMS_MAX {
                        return Err(de::Error::custom(format!("a batch has at most {ITEMS_MAX} items")));
                    }
                    items.push(item);
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(AtMost).map(Self)
    }
}

impl<'a> Items<'a> {
    /// The items, read one by one.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Result<Vec<Result<T, Problem>>, Problem> {
        if self.0.is_empty() {
            return Err(Problem::bad_request("a batch has at least one item"));
        }
        let read = |item: &&'a RawValue| {
            let read: Result<Object<T>, _> = serde_json::from_str(item.get());
            read.map(|Object(item)| item).map_err(|error| Problem::bad_request(error.to_string()))
        };
        Ok(self.0.iter().map(read).collect())
    }
}

/// The result of one item: what it answers on its own, or its problem.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ItemResult<T> {
    /// It was done.
    Done {
        /// The status it would have alone.
        status: u16,
        /// Present when the answer was given before, to an earlier request with the same key.
        #[serde(skip_serializing_if = "Option::is_none")]
        replayed: Option<bool>,
        /// The answer.
        #[serde(flatten)]
        answer: T,
    },
    /// It was not.
    Refused(Problem),
}

impl<T> ItemResult<T> {
    /// Of a command that was answered.
    pub(super) fn done(status: StatusCode, replayed: bool, answer: T) -> Self {
        Self::Done { status: status.as_u16(), replayed: replayed.then_some(true), answer }
    }
}

/// 200 with these results.
pub(super) fn reply<T: Serialize>(results: Vec<ItemResult<T>>) -> Reply {
    #[derive(Serialize)]
    struct Results<T> {
        results: Vec<ItemResult<T>>,
    }
    Reply::ok(&Results { results })
}

/// What the engine answered to one item, and its wallet.
pub(super) type Answered = Result<(WalletId, Answer), Problem>;

impl Shared {
    /// Submits what could be read, all at once, and returns the answers in the order of the items.
    ///
    /// # Errors
    /// When the engine takes none of them now.
    pub(super) async fn submit_items(
        &self,
        operation: Operation,
        items: Vec<Result<Ask, Problem>>,
    ) -> Result<Vec<Answered>, Problem> {
        let mut asks = Vec::with_capacity(items.len());
        let mut planned = Vec::with_capacity(items.len());
        for item in items {
            planned.push(item.map(|ask| {
                let known = (ask.wallet, ask.asked.key.is_some());
                asks.push(ask);
                known
            }));
        }
        let receipts = if asks.is_empty() { Vec::new() } else { self.commands.submit_all(asks).await };
        if let Some(error) = turned_away(&receipts) {
            return Err(problem::submission(error, true));
        }
        let mut receipts = receipts.into_iter();
        let answered = planned.into_iter().map(|item| {
            let (wallet, keyed) = item?;
            let receipt = receipts.next().ok_or_else(lookup::unexpected)?;
            self.answer(operation, keyed, receipt).map(|answer| (wallet, answer))
        });
        Ok(answered.collect())
    }
}

/// The reason, when the engine took nothing of a whole batch: then the batch is to be sent again.
fn turned_away(receipts: &[Result<Receipt, EngineError>]) -> Option<EngineError> {
    let untouched = |error: &EngineError| {
        matches!(error, EngineError::Overloaded | EngineError::Stopping | EngineError::Unavailable(_))
    };
    let all = receipts.iter().all(|receipt| receipt.as_ref().is_err_and(untouched));
    if all { receipts.first()?.as_ref().err().cloned() } else { None }
}
