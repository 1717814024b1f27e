//! What tests of the engine and above share.

pub(crate) mod app;
pub(crate) mod cold;
pub(crate) mod dice;
pub(crate) mod gated;
pub(crate) mod ground;
pub(crate) mod history;
pub(crate) mod logs;
pub(crate) mod model;
#[expect(dead_code, reason = "shared with the tests outside, which use the rest of it")]
pub(crate) mod postgres;
pub(crate) mod provider;
pub(crate) mod rabbit;
pub(crate) mod scratch;
pub(crate) mod typed;
pub(crate) mod watched;
pub(crate) mod words;
