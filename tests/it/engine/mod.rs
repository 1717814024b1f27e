//! The engine: one order, one answer a key, whatever fails.

mod callers;
mod chain;
mod cold;
mod failing;
mod grouping;
mod keys;
mod restarting;
mod script;
mod simulation;
mod time;
