//! `client create|set|show|secret|list`: apps as OAuth clients.

use std::time::Duration;

use events::{AppId, SecretId};
use hyper::Method;
use serde_json::{Value, json};

use super::values::{scopes, set, span};
use crate::{
    cli::{
        client::Query,
        context::Context,
        failure::{Failure, Outcome},
        output::Column,
    },
    identity::Scope,
};

const SHOWN: &[Column] = &[
    Column::new("client_id", "/client_id"),
    Column::new("app_id", "/app_id"),
    Column::new("confidential", "/confidential"),
    Column::new("grants", "/grants"),
    Column::new("redirect_uris", "/redirect_uris"),
    Column::new("logout_uris", "/logout_uris"),
    Column::new("origins", "/origins"),
    Column::new("return_to", "/return_to"),
    Column::new("scopes", "/scopes"),
    Column::new("audiences", "/audiences"),
    Column::new("first_party", "/first_party"),
    Column::new("display_name", "/display_name"),
    Column::new("disabled", "/disabled"),
    Column::new("secrets", "/secrets"),
];
const LISTED: &[Column] = &[
    Column::new("client_id", "/client_id"),
    Column::new("app_id", "/app_id"),
    Column::new("display_name", "/display_name"),
    Column::new("confidential", "/confidential"),
    Column::new("grants", "/grants"),
    Column::new("scopes", "/scopes"),
    Column::new("disabled", "/disabled"),
];
const SECRET: &[Column] = &[
    Column::new("client_id", "/client_id"),
    Column::new("client_secret", "/client_secret"),
    Column::new("secret_id", "/secret_id"),
    Column::new("app_id", "/app_id"),
    Column::new("expires", "/expires"),
];

/// Register apps as OAuth clients
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum ClientCommand {
    /// Register an app as an OAuth client and issue its first secret, which is shown this once
    #[command(
        after_help = "Examples:\n  credit-ledger client create --name chat --client-id chat-api-service --grants client_credentials --scopes groups:read,members:read\n  credit-ledger client create --name web --public --grants authorization_code,refresh_token --redirect-uri https://app.example/callback --scopes openid,credits:deduct"
    )]
    Create(Create),
    /// Change the client that an app is: what is not given stays
    #[command(
        after_help = "Example:\n  credit-ledger client set 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --redirect-uri https://app.example/callback"
    )]
    Set(Set),
    /// Show a client, without its secrets
    #[command(after_help = "Example:\n  credit-ledger client show 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11")]
    Show(Show),
    /// Issue a further secret beside those that there are, or revoke one
    #[command(
        after_help = "Examples:\n  credit-ledger client secret 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --expires-in 90d\n  credit-ledger client secret 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --revoke 0d9f5c9e-2b1e-4a0a-9a54-4a3f0f3f9b21"
    )]
    Secret(Secret),
    /// List the apps that are clients
    #[command(after_help = "Example:\n  credit-ledger client list -o csv")]
    List(List),
}

/// What a client may be set to.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Settings {
    /// Grants: authorization_code, refresh_token, client_credentials
    #[arg(long, value_delimiter = ',', value_name = "GRANTS")]
    grants: Option<Vec<String>>,
    /// Where a sign-in may lead back to; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Option<Vec<String>>,
    /// Where a sign-out may lead back to; may be repeated
    #[arg(long = "logout-uri", value_name = "URI")]
    logout_uris: Option<Vec<String>>,
    /// Web origin of its pages; may be repeated
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Option<Vec<String>>,
    /// A key for return_to, and where a sign-in with Google for it ends, such as chatgpt=https://chat.example/, if the client is first-party and no session is named (else at the front end, or with a code to carry over); may be repeated
    #[arg(long = "return-to", value_name = "KEY=URI", value_parser = pair)]
    return_to: Option<Vec<(String, String)>>,
    #[arg(long, value_delimiter = ',', value_name = "SCOPES", help = scopes())]
    scopes: Option<Vec<Scope>>,
    /// Whom its tokens may be for, beside the ledger; may be repeated
    #[arg(long = "audience", value_name = "URI")]
    audiences: Option<Vec<String>>,
    /// Whether nobody is asked for consent
    #[arg(long, value_name = "BOOL")]
    first_party: Option<bool>,
    /// What people see
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// Whether it may do nothing for now
    #[arg(long, value_name = "BOOL")]
    disabled: Option<bool>,
}

/// Options of `client create`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// Name of the new app, unique in the organization
    #[arg(long, conflicts_with = "app", required_unless_present = "app")]
    name: Option<String>,
    /// An app that is there already, by its id
    #[arg(long, value_name = "ID")]
    app: Option<AppId>,
    /// Name or id of the new app's organization; the default one when absent
    #[arg(long, value_name = "NAME", conflicts_with = "app")]
    organization: Option<String>,
    /// The client's public name; a random one when absent
    #[arg(long, value_name = "CLIENT_ID")]
    client_id: Option<String>,
    /// It can keep no secret: a native app, or one that runs in the browser
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Options of `client set`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Set {
    /// Id of the app
    #[arg(value_name = "APP_ID")]
    app: AppId,
    #[command(flatten)]
    settings: Settings,
}

/// Options of `client show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// Id of the app
    #[arg(value_name = "APP_ID")]
    app: AppId,
}

/// Options of `client secret`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Secret {
    /// Id of the app
    #[arg(value_name = "APP_ID")]
    app: AppId,
    /// How long the new secret is accepted, such as 90d; for ever when absent
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with = "revoke")]
    expires_in: Option<Duration>,
    /// Revoke this secret at once and for ever
    #[arg(long, value_name = "SECRET_ID")]
    revoke: Option<SecretId>,
}

/// Options of `client list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {}

impl ClientCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::Set(set) => set.run(context).await,
            Self::Show(show) => show.run(context).await,
            Self::Secret(secret) => secret.run(context).await,
            Self::List(list) => list.run(context).await,
        }
    }
}

impl Settings {
    /// Writes what was given over what there is.
    fn over(self, client: &mut Value) {
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                client[name] = value;
            }
        };
        put("grants", self.grants.map(|grants| json!(grants)));
        put("redirect_uris", self.redirect_uris.map(|uris| json!(uris)));
        put("logout_uris", self.logout_uris.map(|uris| json!(uris)));
        put("origins", self.origins.map(|origins| json!(origins)));
        put(
            "return_to",
            self.return_to.map(|pairs| pairs.into_iter().map(|(key, uri)| (key, json!(uri))).collect()),
        );
        let names = |scopes: Vec<Scope>| scopes.iter().map(|scope| json!(scope.as_str())).collect();
        put("scopes", self.scopes.map(names));
        put("audiences", self.audiences.map(|audiences| json!(audiences)));
        put("first_party", self.first_party.map(Value::from));
        put("display_name", self.display_name.map(Value::from));
        put("disabled", self.disabled.map(Value::from));
    }
}

impl Create {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let mut client = json!({ "confidential": !self.public });
        if let Some(id) = &self.client_id {
            client["client_id"] = json!(id);
        }
        self.settings.over(&mut client);
        context
            .ledger_or_new(None, async |api, out| {
                let client = match self.app {
                    Some(app) => {
                        let path = format!("/v1/apps/{app}/client");
                        api.change(Method::PUT, &path, None, &client).await?.json()?
                    }
                    None => {
                        let mut body = json!({ "name": self.name, "client": client });
                        set(&mut body, "organization", self.organization.as_ref());
                        api.post("/v1/clients", None, &body).await?.json()?
                    }
                };
                if self.public {
                    return out.one(&client, SHOWN);
                }
                let path = format!("/v1/apps/{}/secrets", client["app_id"].as_str().unwrap_or_default());
                let secret = api.post(&path, None, &json!({})).await?.json()?;
                out.one(&secret, SECRET)
            })
            .await
    }
}

impl Set {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/apps/{}/client", self.app);
        context
            .ledger(async |api, out| {
                let mut client = api.get(&path).await?.json()?;
                if let Some(members) = client.as_object_mut() {
                    members.remove("app_id");
                    members.remove("secrets");
                }
                self.settings.over(&mut client);
                out.one(&api.change(Method::PUT, &path, None, &client).await?.json()?, SHOWN)
            })
            .await
    }
}

impl Show {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/apps/{}/client", self.app);
        context.ledger(async |api, out| out.one(&api.get(&path).await?.json()?, SHOWN)).await
    }
}

impl Secret {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/apps/{}/secrets", self.app);
        context
            .ledger(async |api, out| {
                if let Some(secret) = self.revoke {
                    api.delete(&format!("{path}/{secret}")).await?;
                    return out.one(&json!({ "secret_id": secret, "revoked": true }), SECRET);
                }
                let mut body = json!({});
                set(&mut body, "expires_in_seconds", self.expires_in.map(|span| span.as_secs()).as_ref());
                out.one(&api.post(&path, None, &body).await?.json()?, SECRET)
            })
            .await
    }
}

impl List {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        context
            .ledger(async |api, out| {
                let mut clients = Vec::new();
                for app in api.all(&Query::of("/v1/apps")).await? {
                    let Some(id) = app.get("app_id").and_then(Value::as_str) else { continue };
                    match api.get(&format!("/v1/apps/{id}/client")).await {
                        Ok(client) => clients.push(client.json()?),
                        // An app that is no client.
                        Err(Failure::Problem(problem)) if problem.status == 404 => {}
                        Err(failure) => return Err(failure),
                    }
                }
                out.many(&clients, LISTED)
            })
            .await
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, uri) = text.split_once('=').ok_or("expected KEY=URI")?;
    Ok((key.to_owned(), uri.to_owned()))
}
