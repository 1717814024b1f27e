//! One command a file: its options, its help, and what it does.

pub(super) mod adjust;
pub(super) mod app;
pub(super) mod bench;
pub(super) mod completions;
pub(super) mod config;
pub(super) mod credit;
pub(super) mod demo;
pub(super) mod entries;
pub(super) mod explain;
pub(super) mod export;
pub(super) mod hold;
pub(super) mod import;
pub(super) mod key;
pub(super) mod openapi;
pub(super) mod policy;
pub(super) mod price;
pub(super) mod refund;
pub(super) mod replay;
pub(super) mod report;
pub(super) mod serve;
pub(super) mod spend;
pub(super) mod statement;
pub(super) mod tail;
mod values;
pub(super) mod verify;
pub(super) mod wallet;
mod wallet_control;
