//! Temporary: the simulation alone, while other tests are being moved.
#[path = "it/engine/mod.rs"]
mod engine;
#[path = "it/support/mod.rs"]
mod support;
