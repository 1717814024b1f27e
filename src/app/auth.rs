//! Tokens and the vault of a ledger.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use events::LedgerId;

use super::Machine;
use crate::{
    config::Config,
    identity::{
        Identity, Pepper, Service, ServiceParts, oauth::limits::TokenRates, tokens::TokenSettings,
        vault::Vault,
    },
};

/// Opens what handlers need of identity beyond the directory.
pub(super) async fn open(
    config: &Config,
    machine: &Machine,
    ledger: LedgerId,
    pepper: Pepper,
    identity: Identity,
    vault: Arc<dyn Vault>,
) -> Result<Arc<Service>> {
    Ok(Service::open(ServiceParts {
        ledger,
        identity,
        vault,
        pepper,
        settings: settings(config),
        rates: TokenRates::default(),
        make_key: machine.signing_key,
        clock: Arc::clone(&machine.clock),
        entropy: machine.entropy,
    })
    .await?)
}

fn settings(config: &Config) -> TokenSettings {
    let issuer = match config.public_url.as_str() {
        "" => format!("http://{}", config.listen),
        public => public.to_owned(),
    };
    let settings = TokenSettings::at(&issuer);
    let access_life = Duration::from_secs(config.access_token_seconds);
    let audience = match config.api_audience.as_str() {
        "" => settings.audience.clone(),
        audience => audience.into(),
    };
    TokenSettings { audience, access_life, ..settings }
}
