//! Ledgers that the composition root puts together as a configuration asks for them.

#[cfg(feature = "eventstoredb")]
mod event_store;
mod relayed;
mod spending;
