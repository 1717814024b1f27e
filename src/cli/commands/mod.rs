//! One command a file: its options, its help, and what it does.

pub(super) mod app;
pub(super) mod bench;
pub(super) mod completions;
pub(super) mod config;
pub(super) mod credit;
pub(super) mod demo;
pub(super) mod export;
pub(super) mod import;
pub(super) mod key;
pub(super) mod openapi;
pub(super) mod replay;
pub(super) mod serve;
pub(super) mod spend;
pub(super) mod statement;
pub(super) mod tail;
mod values;
pub(super) mod verify;
pub(super) mod wallet;
