//! Integration tests, in one binary so that the library is linked once.

mod broker;
mod cluster;
mod composed;
mod contracts;
mod engine;
mod http;
#[cfg(feature = "eventstoredb")]
mod kurrent;
mod log_contract;
mod openapi;
mod postgres;
mod read;
mod report;
mod scenarios;
mod support;
mod vault;
