//! Commands as a port: the engine in this process answers them, or whoever stands in for it.

use std::sync::Arc;

use events::{Position, Recorded};
use futures::{FutureExt, future::BoxFuture};

use super::{Ask, Engine, EngineError, Fact, Receipt};

/// Takes commands and facts for the one writer of a ledger, wherever that is.
pub trait Commands: Send + Sync + 'static {
    /// Submits a command and waits for its answer; see [`Engine::submit`].
    fn submit(&self, ask: Ask) -> BoxFuture<'_, Result<Receipt, EngineError>>;

    /// Submits commands of which each is decided for itself, in order; see [`Engine::submit_all`].
    fn submit_all(&self, asks: Vec<Ask>) -> BoxFuture<'_, Vec<Result<Receipt, EngineError>>>;

    /// Records a fact; see [`Engine::record`].
    fn record(&self, fact: Fact) -> BoxFuture<'_, Result<Arc<Recorded>, EngineError>>;

    /// The number of durable events, as far as this process knows.
    fn head(&self) -> Position;

    /// The same, looked up anew where another process may have written, when what is known does not
    /// reach beyond `position`.
    fn head_beyond(&self, position: Position) -> BoxFuture<'_, Position>;
}

impl Commands for Engine {
    fn submit(&self, ask: Ask) -> BoxFuture<'_, Result<Receipt, EngineError>> {
        Self::submit(self, ask).boxed()
    }

    fn submit_all(&self, asks: Vec<Ask>) -> BoxFuture<'_, Vec<Result<Receipt, EngineError>>> {
        Self::submit_all(self, asks).boxed()
    }

    fn record(&self, fact: Fact) -> BoxFuture<'_, Result<Arc<Recorded>, EngineError>> {
        Self::record(self, fact).boxed()
    }

    fn head(&self) -> Position {
        Self::head(self)
    }

    fn head_beyond(&self, _: Position) -> BoxFuture<'_, Position> {
        std::future::ready(Self::head(self)).boxed()
    }
}
