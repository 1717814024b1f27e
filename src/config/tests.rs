use std::fs;

use super::*;

/// Inputs with this file and these variables.
fn inputs(dir: &tempfile::TempDir, toml: &str, variables: &[(&str, &str)]) -> Inputs {
    let file = dir.path().join("settings.toml");
    fs::write(&file, toml).expect("a file");
    let environment = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Inputs { file: Some(file), environment, ..Inputs::default() }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn source<'a>(settings: &'a Settings, key: &str) -> (&'a str, &'a str) {
    let origin = settings.sources().iter().find(|origin| origin.key == key).expect("a setting");
    (&origin.value, &origin.source)
}

#[test]
fn without_anything_there_are_the_defaults() {
    let settings = Settings::load(Inputs::default()).expect("settings");
    assert_eq!(settings.config, Config::default());
    assert_eq!(settings.sources().len(), 33);
    assert!(settings.sources().iter().all(|origin| origin.source == "default"));
}

#[test]
fn each_layer_covers_the_one_below() {
    let dir = folder();
    let toml = "mailbox = 1\ngroup_max = 1\nwallet_cache = 1\nlog_format = \"json\"";
    let mut inputs = inputs(
        &dir,
        toml,
        &[("CREDIT_LEDGER_GROUP_MAX", "2"), ("CREDIT_LEDGER_WALLET_CACHE", "2"), ("HOME", "/")],
    );
    inputs.flags.wallet_cache = Some(3);
    let path = inputs.file.as_ref().expect("a file").display().to_string();
    let settings = Settings::load(inputs).expect("settings");
    let Config { mailbox, group_max, wallet_cache, log_format, tail_max, .. } = settings.config;
    assert_eq!((mailbox, group_max, wallet_cache, log_format), (1, 2, 3, LogFormat::Json));
    assert_eq!(tail_max, Config::default().tail_max);
    assert_eq!(source(&settings, "mailbox"), ("1", format!("file {path}").as_str()));
    assert_eq!(source(&settings, "group_max"), ("2", "environment CREDIT_LEDGER_GROUP_MAX"));
    assert_eq!(source(&settings, "wallet_cache"), ("3", "flag --wallet-cache"));
    assert_eq!(source(&settings, "log_format"), ("\"json\"", format!("file {path}").as_str()));
}

/// Every setting at a value of its own.
fn everything() -> Config {
    Config {
        data_dir: "123".into(),
        database_url: "postgres://u@db/ledger".into(),
        event_store_url: "esdb://es:2113".into(),
        broker_url: "amqp://u@mq/ledger".into(),
        pepper_file: "/run/pepper".into(),
        cluster_listen: "127.0.0.1:0".into(),
        cluster_url: "http://ledger-1:8081".into(),
        cluster_secret_file: "/run/secret".into(),
        listen: "[::1]:0".parse().expect("an address"),
        cors_origins: vec!["https://a.example".into(), "http://localhost:3000".into()],
        public_url: "https://credits.example".into(),
        api_audience: "https://api.example".into(),
        access_token_seconds: 600,
        trusted_proxies: vec!["10.0.0.0/8".into()],
        google_client_id: "g-1".into(),
        google_client_secret: SecretSetting::default(),
        google_client_secret_file: "/run/google".into(),
        google_issuer: "http://localhost:9".into(),
        google_callback_url: "https://credits.example/cb".into(),
        frontend_url: "https://app.example/in".into(),
        mail_url: "smtps://mail.example".into(),
        mail_from: "a@credits.example".into(),
        activity_days: 30,
        mailbox: 11,
        group_max: 12,
        wallet_cache: 13,
        tail_max: 14,
        max_connections: 15,
        rate_limit_per_key: 16,
        token_rate_per_client: 17,
        token_rate_per_scope: 18,
        log_format: LogFormat::Text,
        log_filter: "debug".into(),
    }
}

/// The same settings given on the command line.
fn flags_of(c: Config) -> Flags {
    Flags {
        data_dir: Some(c.data_dir),
        database_url: Some(c.database_url),
        event_store_url: Some(c.event_store_url),
        broker_url: Some(c.broker_url),
        pepper_file: Some(c.pepper_file),
        cluster_listen: Some(c.cluster_listen),
        cluster_url: Some(c.cluster_url),
        cluster_secret_file: Some(c.cluster_secret_file),
        listen: Some(c.listen),
        cors_origins: Some(c.cors_origins),
        public_url: Some(c.public_url),
        api_audience: Some(c.api_audience),
        access_token_seconds: Some(c.access_token_seconds),
        trusted_proxies: Some(c.trusted_proxies),
        google_client_id: Some(c.google_client_id),
        google_client_secret_file: Some(c.google_client_secret_file),
        google_issuer: Some(c.google_issuer),
        google_callback_url: Some(c.google_callback_url),
        frontend_url: Some(c.frontend_url),
        mail_url: Some(c.mail_url),
        mail_from: Some(c.mail_from),
        activity_days: Some(c.activity_days),
        mailbox: Some(c.mailbox),
        group_max: Some(c.group_max),
        wallet_cache: Some(c.wallet_cache),
        tail_max: Some(c.tail_max),
        max_connections: Some(c.max_connections),
        rate_limit_per_key: Some(c.rate_limit_per_key),
        token_rate_per_client: Some(c.token_rate_per_client),
        token_rate_per_scope: Some(c.token_rate_per_scope),
        log_format: Some(c.log_format),
        log_filter: Some(c.log_filter),
    }
}

#[test]
fn every_setting_has_a_variable_and_a_flag() {
    let variables = [
        ("CREDIT_LEDGER_DATA_DIR", "123"),
        ("CREDIT_LEDGER_DATABASE_URL", "postgres://u@db/ledger"),
        ("CREDIT_LEDGER_EVENT_STORE_URL", "esdb://es:2113"),
        ("CREDIT_LEDGER_BROKER_URL", "amqp://u@mq/ledger"),
        ("CREDIT_LEDGER_PEPPER_FILE", "/run/pepper"),
        ("CREDIT_LEDGER_CLUSTER_LISTEN", "127.0.0.1:0"),
        ("CREDIT_LEDGER_CLUSTER_URL", "http://ledger-1:8081"),
        ("CREDIT_LEDGER_CLUSTER_SECRET_FILE", "/run/secret"),
        ("CREDIT_LEDGER_LISTEN", "[::1]:0"),
        ("CREDIT_LEDGER_CORS_ORIGINS", "https://a.example, http://localhost:3000"),
        ("CREDIT_LEDGER_PUBLIC_URL", "https://credits.example"),
        ("CREDIT_LEDGER_API_AUDIENCE", "https://api.example"),
        ("CREDIT_LEDGER_ACCESS_TOKEN_SECONDS", "600"),
        ("CREDIT_LEDGER_TRUSTED_PROXIES", "10.0.0.0/8"),
        ("CREDIT_LEDGER_GOOGLE_CLIENT_ID", "g-1"),
        ("CREDIT_LEDGER_GOOGLE_CLIENT_SECRET_FILE", "/run/google"),
        ("CREDIT_LEDGER_GOOGLE_ISSUER", "http://localhost:9"),
        ("CREDIT_LEDGER_GOOGLE_CALLBACK_URL", "https://credits.example/cb"),
        ("CREDIT_LEDGER_FRONTEND_URL", "https://app.example/in"),
        ("CREDIT_LEDGER_MAIL_URL", "smtps://mail.example"),
        ("CREDIT_LEDGER_MAIL_FROM", "a@credits.example"),
        ("CREDIT_LEDGER_ACTIVITY_DAYS", "30"),
        ("CREDIT_LEDGER_MAILBOX", "11"),
        ("CREDIT_LEDGER_GROUP_MAX", "12"),
        ("CREDIT_LEDGER_WALLET_CACHE", "13"),
        ("CREDIT_LEDGER_TAIL_MAX", "14"),
        ("CREDIT_LEDGER_MAX_CONNECTIONS", "15"),
        ("CREDIT_LEDGER_RATE_LIMIT_PER_KEY", "16"),
        ("CREDIT_LEDGER_TOKEN_RATE_PER_CLIENT", "17"),
        ("CREDIT_LEDGER_TOKEN_RATE_PER_SCOPE", "18"),
        ("CREDIT_LEDGER_LOG_FORMAT", "text"),
        ("CREDIT_LEDGER_LOG_FILTER", "debug"),
    ];
    let expected = everything();
    let by_variable = Settings::load(inputs(&folder(), "", &variables)).expect("settings");
    assert_eq!(by_variable.config, expected);
    let flags = flags_of(expected.clone());
    let by_flag = Settings::load(Inputs { flags, ..Inputs::default() }).expect("settings");
    assert_eq!(by_flag.config, expected);
    let by_other = by_flag.sources().iter().filter(|origin| !origin.source.starts_with("flag --"));
    assert_eq!(by_other.map(|origin| &*origin.key).collect::<Vec<_>>(), ["google_client_secret"]);
    // The file takes what `config show` prints.
    let written = by_flag.sources().iter().map(|origin| format!("{} = {}\n", origin.key, origin.value));
    let by_file = Settings::load(inputs(&folder(), &written.collect::<String>(), &[])).expect("settings");
    assert_eq!(by_file.config, expected);
}

#[test]
fn names_that_deployments_use_already_are_understood() {
    let aliases = [
        ("PORT", "3000"),
        ("DATABASE_URL", "sqlite:///srv/ledger"),
        ("CORS_ORIGIN", "http://localhost:5173"),
        ("RUST_LOG", "warn"),
        ("GOOGLE_CLIENT_ID", "g-1"),
        ("GOOGLE_CLIENT_SECRET", "hunter2"),
        ("GOOGLE_CALLBACK_URL", "https://credits.example/api/auth/google/callback"),
        ("FRONTEND_URL", "http://localhost:3000"),
        ("REDIS_URL", "redis://cache"),
    ];
    let settings = Settings::load(inputs(&folder(), "listen = \"0.0.0.0:1\"", &aliases)).expect("settings");
    let Config { listen, data_dir, cors_origins, log_filter, .. } = &settings.config;
    assert_eq!(listen.to_string(), "0.0.0.0:3000");
    assert_eq!(data_dir.to_str(), Some("/srv/ledger"));
    assert_eq!((&cors_origins[..], &**log_filter), (&["http://localhost:5173".to_owned()][..], "warn"));
    assert_eq!(source(&settings, "listen"), ("\"0.0.0.0:3000\"", "environment PORT"));
    assert_eq!(settings.config.google_client_secret.get(), Some("hunter2"));
    assert_eq!(source(&settings, "google_client_secret"), ("\"***\"", "environment GOOGLE_CLIENT_SECRET"));
    assert_eq!(source(&settings, "frontend_url").0, "\"http://localhost:3000\"");
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(
        settings.ignored(),
        [("REDIS_URL", "sessions and codes are kept in the ledger's own database")]
    );
    let own = [("PORT", "3000"), ("CREDIT_LEDGER_LISTEN", "127.0.0.1:4000"), ("CORS_ORIGIN", "")];
    let settings = Settings::load(inputs(&folder(), "", &own)).expect("settings");
    assert_eq!(settings.config.listen.port(), 4000, "our own name is stronger");
    assert!(settings.config.cors_origins.is_empty());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let in_file = [
        ("mail_box = 1", "mail_box"),
        ("[server]\nlisten = \"x\"", "server"),
        ("mailbox = ", "settings.toml"),
        ("mailbox = \"many\"", "many"),
        ("mailbox = 0", "mailbox"),
        ("mailbox = -1", "mailbox"),
        ("log_format = \"xml\"", "log_format"),
        ("cors_origins = [\"example.com\"]", "cors_origins"),
        ("database_url = \"mysql://u:hunter2@db/x\"", "database_url"),
        ("broker_url = \"http://mq\"", "broker_url"),
        ("event_store_url = \"http://es\"", "event_store_url"),
        ("cluster_listen = \"127.0.0.1:1\"", "cluster_listen"),
        ("cluster_listen = \"ledger-1\"", "cluster_listen"),
        ("cluster_url = \"ledger-1\"", "cluster_url"),
        ("public_url = \"http://credits.example\"", "public_url"),
        ("trusted_proxies = [\"proxy\"]", "trusted_proxies"),
        ("google_client_id = \"g\"", "google_client_secret_file"),
        ("frontend_url = \"app.example\"", "frontend_url"),
        ("mail_url = \"gopher://mail\"", "mail_url"),
        ("mail_from = \"nobody\"", "mail_from"),
        ("access_token_seconds = 86400", "access_token_seconds"),
        ("activity_days = 0", "activity_days"),
    ];
    for (toml, part) in in_file {
        let error = Settings::load(inputs(&folder(), toml, &[])).expect_err(toml).to_string();
        assert!(error.contains("settings.toml") && error.contains(part), "{toml}: {error}");
    }
    let in_environment = [
        ("CREDIT_LEDGER_LISTEN", "here", "listen"),
        ("CREDIT_LEDGER_GROUP_MAX", "1e3", "group_max"),
        ("PORT", "70000", "listen"),
        ("DATABASE_URL", "mysql://u:hunter2@db/x", "--data-dir"),
        ("JWT_SECRET", "hunter2-that-everybody-shares", "/oauth/jwks"),
        ("JWT_SECRET_KEY", "hunter2-that-everybody-shares", "/oauth/jwks"),
        ("JWT_ALGORITHM", "HS256", "RS256"),
    ];
    for (name, value, part) in in_environment {
        let error = Settings::load(inputs(&folder(), "", &[(name, value)])).expect_err(name).to_string();
        assert!(error.contains(name) && error.contains(part), "{name}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn passwords_are_used_and_never_shown() {
    let variables = [
        ("DATABASE_URL", "postgresql://u:hunter2@db/ledger"),
        ("CREDIT_LEDGER_BROKER_URL", "amqp://u:hunter2@mq"),
    ];
    let settings = Settings::load(inputs(&folder(), "", &variables)).expect("settings");
    assert_eq!(settings.config.database_url.get(), Some("postgresql://u:hunter2@db/ledger"));
    assert_eq!(source(&settings, "database_url").0, "\"postgresql://u:***@db/ledger\"");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_named_file_must_be_there_and_the_default_one_need_not() {
    let dir = folder();
    let absent = dir.path().join("absent.toml");
    let error =
        Settings::load(Inputs { file: Some(absent.clone()), ..Inputs::default() }).expect_err("no file");
    assert!(error.to_string().contains("absent.toml"), "{error}");
    assert!(Settings::load(Inputs { default_file: Some(absent), ..Inputs::default() }).is_ok());
    let there = inputs(&dir, "mailbox = 5", &[]).file;
    let settings = Settings::load(Inputs { default_file: there, ..Inputs::default() }).expect("settings");
    assert_eq!(settings.config.mailbox, 5);
}

#[test]
fn origins_are_scheme_and_host() {
    for good in ["*", "https://app.example.com", "http://localhost:3000"] {
        assert!(is_origin(good), "{good}");
    }
    for bad in ["", "app.example.com", "https://", "https://a.example/", "ftp://a.example", "null"] {
        assert!(!is_origin(bad), "{bad}");
    }
}
