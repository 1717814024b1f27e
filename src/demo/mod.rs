//! The demo: a story of apps that sell AI completions for credits, played over the real HTTP API.
//!
//! Requests come from a trace of real traffic or from a seeded generator. Everything that happens
//! follows from the requests alone, so that anybody can compute the balances on their own:
//!
//! - request n spends from wallet n modulo the number of wallets, for app n modulo the number of apps;
//! - every wallet is funded before, every 4th with less than it will need;
//! - every 3rd request checks first, every 11th is sent twice under its key, and of every 47 one is
//!   given back whole and one by half. See [`request`] and [`funding`].
//!
//! A made-up story is followed by a [`scene`] in a wallet of its own.

pub mod funding;
pub mod generator;
pub mod play;
pub mod request;
pub mod scene;
pub mod story;
pub mod summary;
pub mod trace;

use std::{path::PathBuf, sync::Arc};

use indicatif::ProgressBar;

use self::{
    request::{Cast, Request},
    story::Stage,
    summary::Summary,
};
use crate::cli::{client::Client, failure::Outcome};

/// Requests of a made-up story, unless asked otherwise.
const REQUESTS: usize = 2_000;

/// Where the requests come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// A trace; made-up requests when absent.
    pub trace: Option<PathBuf>,
    /// At most so many requests.
    pub requests: Option<usize>,
    /// Another seed makes up other requests.
    pub seed: u64,
}

/// Who plays, and what.
#[derive(Debug, Clone)]
pub struct Script {
    /// Apps and wallets.
    pub cast: Cast,
    /// The requests, by number.
    pub requests: Vec<Request>,
    /// Whether the scene is played too. Not beside a trace, which alone accounts for every event.
    pub scene: bool,
}

impl Source {
    /// Reads the trace, or makes the requests up.
    ///
    /// # Errors
    /// When the trace can't be read.
    pub fn script(&self) -> anyhow::Result<Script> {
        match &self.trace {
            Some(path) => {
                let requests = trace::read_file(path, self.requests.unwrap_or(usize::MAX))?;
                Ok(Script { cast: trace::cast(), requests, scene: false })
            }
            None => {
                let requests = generator::requests(self.requests.unwrap_or(REQUESTS), self.seed);
                Ok(Script { cast: generator::cast(), requests, scene: true })
            }
        }
    }
}

/// Plays the script on the fresh ledger that answers at `url`, and sums it up.
///
/// # Errors
/// When the ledger answers other than the story foresees, or a balance is wrong.
pub async fn run(
    script: Script,
    url: &str,
    operator: Client,
    bar: ProgressBar,
) -> Outcome<(Arc<Stage>, Summary)> {
    let funding = funding::plan(&script.cast, &script.requests);
    let stage = Arc::new(story::set(url, operator, &script.cast, &funding).await?);
    let results = play::play(Arc::clone(&stage), script.requests, bar).await?;
    let mut summary = summary::sum_up(&stage, &funding, &results).await?;
    if script.scene {
        summary.scene = Some(scene::play(&stage.operator).await?);
    }
    Ok((stage, summary))
}
