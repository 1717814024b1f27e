//! The engine: one order, one answer a key, whatever fails.

mod batches;
mod callers;
mod chain;
mod cold;
mod dry_run;
mod failing;
mod grouping;
mod holds;
mod keys;
mod restarting;
mod rules;
mod script;
mod simulation;
mod time;
mod timers;
mod undoing;
