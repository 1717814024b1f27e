//! Finds the ledger: the server that was named, the one that runs on the data directory, or else
//! the data directory itself.

use std::path::{Path, PathBuf};

use super::{Client, Token, Transport, local::Local, remote::is_alive};
use crate::{
    app::Machine,
    cli::{
        args::Global,
        failure::{Failure, Outcome},
    },
    config::Config,
    identity::server_file::ServerFile,
};

/// The variable that may hold a key or token for `--url`.
const TOKEN_VARIABLE: &str = "CREDIT_LEDGER_TOKEN";

/// Where to look for the ledger.
#[derive(Debug)]
pub enum Reach {
    /// At this address, with this token.
    Url(String, Token),
    /// On the data directory.
    DataDir,
}

/// What to do where there is no ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: who only looks makes no ledger.
    Refuse,
    /// Make one.
    Make,
}

impl Reach {
    /// As the options say.
    ///
    /// # Errors
    /// When there is an address but no token for it.
    pub fn new(global: &Global) -> Outcome<Self> {
        let Some(url) = global.url.clone() else { return Ok(Self::DataDir) };
        let token = match &global.token_file {
            Some(path) => read_token(path)?,
            None => std::env::var(TOKEN_VARIABLE).map_err(|_| {
                Failure::Usage(format!("--url needs --token-file, or a token in {TOKEN_VARIABLE}"))
            })?,
        };
        Ok(Self::Url(url, Token::new(token.trim())))
    }
}

fn read_token(path: &PathBuf) -> Outcome<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read the token from {}: {error}", path.display())))
}

/// Opens a way to the ledger.
///
/// # Errors
/// When no server answers at the address, or the data directory can't be opened.
pub async fn connect(reach: Reach, missing: Missing, config: &Config, machine: &Machine) -> Outcome<Client> {
    match reach {
        Reach::Url(url, token) => Client::remote(&url, token),
        Reach::DataDir => on_data_dir(missing, config, machine).await,
    }
}

/// The server that runs on the data directory, or else the directory itself. What a killed server
/// left behind is no server.
async fn on_data_dir(missing: Missing, config: &Config, machine: &Machine) -> Outcome<Client> {
    let data_dir = &config.data_dir;
    let unreadable =
        |error| Failure::Unreachable(format!("cannot read server.json in {}: {error}", data_dir.display()));
    let server = ServerFile::read(data_dir).map_err(unreadable)?;
    if let Some(server) = &server {
        if process_may_live(server.pid) && is_alive(&server.url).await {
            return Client::remote(&server.url, Token::new(server.admin_token.as_str()));
        }
        eprintln!(
            "note: the server of process {} is gone; opening {} itself",
            server.pid,
            data_dir.display()
        );
    }
    let local = Local::open(missing, config, machine).await?;
    // With the lock in hand it is certain that its server is gone.
    if let Some(server) = server {
        server.remove(data_dir)?;
    }
    Ok(Client { transport: Transport::Local(Box::new(local)), ledger: None })
}

/// Whether a process has this number. Where that can't be seen, asking the server has to do.
fn process_may_live(pid: u32) -> bool {
    !cfg!(target_os = "linux") || Path::new("/proc").join(pid.to_string()).exists()
}
