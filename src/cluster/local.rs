//! Asking the engine of this process, for as long as the term lasts.

use std::{future::Future, sync::Arc};

use events::Recorded;

use super::{Term, wire::Answered};
use crate::engine::{Ask, Engine, EngineError, Fact};

/// The engine's answers, in order; none when the term ended before they were there.
pub(super) async fn ask(engine: &Engine, term: &Term, mut asks: Vec<Ask>) -> Option<Vec<Answered>> {
    let answers = during(term, async {
        match (asks.pop(), asks.is_empty()) {
            (None, _) => Vec::new(),
            (Some(one), true) => vec![engine.submit(one).await],
            (Some(last), false) => {
                asks.push(last);
                engine.submit_all(asks).await
            }
        }
    })
    .await?;
    Some(answers.into_iter().map(|answer| answer.map_err(|error| of_term(term, error))).collect())
}

/// The fact as the engine recorded it; none when the term ended before.
pub(super) async fn record(
    engine: &Engine,
    term: &Term,
    fact: Fact,
) -> Option<Result<Arc<Recorded>, EngineError>> {
    let recorded = during(term, engine.record(fact)).await?;
    Some(recorded.map_err(|error| of_term(term, error)))
}

async fn during<T>(term: &Term, answers: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        answers = answers => Some(answers),
        () = term.ended() => None,
    }
}

/// A log that refuses a writer whose lease has run out will not refuse the next one.
fn of_term(term: &Term, error: EngineError) -> EngineError {
    match error {
        EngineError::Unavailable(_) if !term.lasts() => EngineError::Stopping,
        EngineError::Unavailable(_)
        | EngineError::Rejected(_)
        | EngineError::KeyReused
        | EngineError::Contradicted
        | EngineError::Overloaded
        | EngineError::Stopping
        | EngineError::OutcomeUnknown(_) => error,
    }
}
