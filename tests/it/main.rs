//! Integration tests, in one binary so that the library is linked once.

mod auth;
mod broker;
mod cluster;
mod composed;
mod contracts;
mod engine;
mod google;
mod http;
#[cfg(feature = "eventstoredb")]
mod kurrent;
mod log_contract;
mod oauth;
mod openapi;
mod postgres;
mod read;
mod report;
mod scenarios;
mod support;
mod users;
mod vault;
