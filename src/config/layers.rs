//! One layer over the other, each value with its origin.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use serde::Serialize;

use super::{Config, ConfigError, LogFormat, SecretSetting, ServerUrl, environment};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "credit-ledger.toml";

/// Settings given on the command line.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(
    missing_docs,
    reason = "each is the setting of Config with the same name; secrets have none, for command lines are seen by all"
)]
pub struct Flags {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<ServerUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_store_url: Option<ServerUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_url: Option<ServerUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pepper_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_listen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_secret_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors_origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_audience: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_proxies: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_client_secret_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_callback_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontend_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_url: Option<ServerUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_days: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_max: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_cache: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_key: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_rate_per_client: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_rate_per_scope: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_filter: Option<String>,
}

/// Everything that settings come from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The file, when the caller named one; it must be there.
    pub file: Option<PathBuf>,
    /// The file that is read if it is there, when the caller named none.
    pub default_file: Option<PathBuf>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The command line.
    pub flags: Flags,
}

impl Inputs {
    /// The environment of this process and `./credit-ledger.toml`, with what the command line says.
    #[must_use]
    pub fn of_this_process(file: Option<PathBuf>, flags: Flags) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let environment = std::env::vars_os().filter_map(text).collect();
        Self { file, default_file: Some(DEFAULT_FILE.into()), environment, flags }
    }
}

/// Where the value of a setting is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The setting.
    pub key: String,
    /// Its value, as JSON writes it, with `***` for secrets.
    pub value: String,
    /// `default`, `file PATH`, `environment NAME` or `flag --NAME`.
    pub source: String,
}

/// The settings, and where each is from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The settings.
    pub config: Config,
    origins: Vec<Origin>,
    ignored: Vec<(&'static str, &'static str)>,
}

impl Settings {
    /// Puts the layers over each other.
    ///
    /// # Errors
    /// As [`ConfigError`] says.
    pub fn load(inputs: Inputs) -> Result<Self, ConfigError> {
        let defaults = dict(&Config::default());
        let mut figment = Figment::new();
        for (key, value) in &defaults {
            figment = figment.merge(Single::new("default".into(), key, value.clone()));
        }
        if let Some(path) = file_to_read(inputs.file, inputs.default_file)? {
            figment = merge_file(figment, &path, &defaults)?;
        }
        let listen = figment.extract_inner("listen").map_err(explain)?;
        for (name, key, value) in environment::layer(&inputs.environment, &defaults, listen)? {
            figment = figment.merge(Single::new(format!("environment {name}"), &key, value));
        }
        for (key, value) in dict(&inputs.flags) {
            let name = key.replace('_', "-");
            figment = figment.merge(Single::new(format!("flag --{name}"), &key, value));
        }
        let config: Config = figment.extract().map_err(explain)?;
        if let Some((key, why)) = config.complaint() {
            let origin = source(&figment, key);
            return Err(ConfigError::Value { key: key.into(), origin, detail: why.into() });
        }
        let origin = |(key, value): (String, Value)| {
            // Passwords are for their servers alone.
            let value = match value.as_str() {
                Some(text) if key.ends_with("_url") => Value::from(ServerUrl::from(text).to_string()),
                Some(text) if key.ends_with("_secret") => Value::from(SecretSetting::from(text).to_string()),
                _ => value,
            };
            Origin {
                value: serde_json::to_string(&value).unwrap_or_default(),
                source: source(&figment, &key),
                key,
            }
        };
        let origins = dict(&config).into_iter().map(origin).collect();
        let ignored = environment::ignored(&inputs.environment);
        Ok(Self { config, origins, ignored })
    }

    /// Variables that are set and mean nothing here, each with the reason.
    #[must_use]
    pub fn ignored(&self) -> &[(&'static str, &'static str)] {
        &self.ignored
    }

    /// Every setting with its value and where that is from, by name.
    #[must_use]
    pub fn sources(&self) -> &[Origin] {
        &self.origins
    }
}

fn file_to_read(named: Option<PathBuf>, default: Option<PathBuf>) -> Result<Option<PathBuf>, ConfigError> {
    match named {
        Some(path) if !path.is_file() => {
            Err(ConfigError::File { path, detail: "there is no such file".into() })
        }
        Some(path) => Ok(Some(path)),
        None => Ok(default.filter(|path| path.is_file())),
    }
}

fn merge_file(mut figment: Figment, path: &Path, known: &Dict) -> Result<Figment, ConfigError> {
    let fault =
        |error: figment::Error| ConfigError::File { path: path.into(), detail: error.kind.to_string() };
    let layers = Toml::file_exact(path).data().map_err(fault)?;
    for (key, value) in layers.into_values().flatten() {
        if !known.contains_key(&key) {
            let known = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(ConfigError::UnknownKey { path: path.into(), key, known });
        }
        figment = figment.merge(Single::new(format!("file {}", path.display()), &key, value));
    }
    Ok(figment)
}

fn dict(settings: &impl Serialize) -> Dict {
    let value = Value::serialize(settings).ok();
    value.and_then(Value::into_dict).expect("settings are a map of plain values")
}

fn source(figment: &Figment, key: &str) -> String {
    figment.find_metadata(key).map_or_else(String::new, |metadata| metadata.name.clone().into_owned())
}

fn explain(error: figment::Error) -> ConfigError {
    let origin = error.metadata.map_or_else(String::new, |metadata| metadata.name.into_owned());
    ConfigError::Value { key: error.path.join("."), origin, detail: error.kind.to_string() }
}

/// One value of one source.
struct Single {
    source: String,
    key: String,
    value: Value,
}

impl Single {
    fn new(source: String, key: &str, value: Value) -> Self {
        Self { source, key: key.to_owned(), value }
    }
}

impl Provider for Single {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let values = Dict::from([(self.key.clone(), self.value.clone())]);
        Ok(Map::from([(Profile::Default, values)]))
    }
}
