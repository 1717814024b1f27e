//! `openapi`: the description of the HTTP API.

use crate::{
    cli::{context::Context, failure::Outcome},
    http::openapi,
};

/// Print the OpenAPI 3.1 document of the HTTP API
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  credit-ledger openapi > openapi.json")]
pub(in crate::cli) struct Openapi {}

impl Openapi {
    pub(in crate::cli) fn run(&self, context: &mut Context<'_>) -> Outcome {
        context.out.json(&openapi::document()?)
    }
}
