//! Integration tests, in one binary so that the library is linked once.

mod engine;
mod http;
mod log_contract;
mod openapi;
mod read;
mod report;
mod scenarios;
mod support;
