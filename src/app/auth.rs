//! Tokens and the vault of a ledger.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use events::LedgerId;

use super::Machine;
use crate::{
    config::{Config, ServerUrl},
    engine::Commands,
    identity::{
        Identity, Pepper, Service, ServiceParts,
        google::{Google, GoogleSettings},
        mail::{Target, Texts},
        oauth::limits::TokenRates,
        tokens::TokenSettings,
        vault::Vault,
    },
};

/// Opens what handlers need of identity beyond the directory.
pub(super) async fn open(
    config: &Config,
    machine: &Machine,
    ledger: LedgerId,
    pepper: Pepper,
    (identity, commands): (Identity, Arc<dyn Commands>),
    vault: Arc<dyn Vault>,
) -> Result<Arc<Service>> {
    let settings = settings(config);
    let google = google(config, &settings.issuer)?;
    let frontend_url = Some(config.frontend_url.as_str()).filter(|url| !url.is_empty()).map(Box::from);
    let mail = Target::parse(ServerUrl::get(&config.mail_url), &config.data_dir)?;
    Ok(Service::open(ServiceParts {
        ledger,
        identity,
        vault,
        pepper,
        commands,
        mailer: mail.mailer()?,
        texts: Texts::new(&config.mail_from, host(&settings.issuer)).context("mail_from")?,
        google,
        frontend_url,
        activity_days: u32::try_from(config.activity_days).unwrap_or(u32::MAX),
        settings,
        rates: TokenRates {
            per_client: Some(config.token_rate_per_client),
            per_scope: Some(config.token_rate_per_scope),
        },
        make_key: machine.signing_key,
        clock: Arc::clone(&machine.clock),
        entropy: machine.entropy,
    })
    .await?)
}

/// The provider by which people may sign in, if one is configured.
fn google(config: &Config, public_url: &str) -> Result<Option<Google>> {
    if config.google_client_id.is_empty() {
        return Ok(None);
    }
    let client_secret = match config.google_client_secret.get() {
        Some(secret) => secret.to_owned(),
        None => {
            let file = &config.google_client_secret_file;
            let text = fs::read_to_string(file);
            text.with_context(|| format!("google_client_secret_file {}", file.display()))?.trim().to_owned()
        }
    };
    let callback = match config.google_callback_url.as_str() {
        "" => format!("{public_url}/api/auth/google/callback"),
        url => url.to_owned(),
    };
    let settings = GoogleSettings {
        issuer: config.google_issuer.as_str().into(),
        client_id: config.google_client_id.as_str().into(),
        client_secret: client_secret.into(),
        callback: callback.into(),
    };
    Ok(Some(Google::new(settings)?))
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

/// The host of a URL, by which the service is named where it has no name.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
