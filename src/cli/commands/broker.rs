//! `broker provision|status`: what the relay and the apps need at RabbitMQ.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context as _, anyhow};
use events::AppId;
use serde_json::{Value, json};

use crate::{
    broker::topology::{AUDIT, Limits, NewUser, Plan, RELAY_USER, parked, queue, user},
    cli::{
        broker::{Administration, Destination, password},
        client::Query,
        context::Context,
        failure::{Failure, Outcome},
        output::Column,
    },
};

const PROVISIONED: &[Column] = &[
    Column::new("user", "/user"),
    Column::new("queue", "/queue"),
    Column::new("state", "/state"),
    Column::new("password", "/password"),
];
const LISTED: &[Column] = &[
    Column::new("queue", "/name"),
    Column::new("state", "/state"),
    Column::new("type", "/type"),
    Column::new("messages", "/messages"),
    Column::new("consumers", "/consumers"),
    Column::new("policy", "/policy"),
];

/// Set up RabbitMQ for the relay and the apps
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum BrokerCommand {
    /// Declare exchanges, queues, users, permissions and limits; what is there stays
    #[command(
        after_help = "An app's user may read the app's own two queues and do nothing else. Passwords are made for users that \
                      are not there yet, and told once.\n\n\
                      Example:\n  credit-ledger broker provision --management-url http://guest:guest@127.0.0.1:15672 \
                      --credentials-file broker-users.jsonl"
    )]
    Provision(Provision),
    /// Show the queues, and whether any is missing
    #[command(
        after_help = "Example:\n  credit-ledger broker status --rabbitmqctl /usr/sbin/rabbitmqctl -o json"
    )]
    Status(Status),
}

/// How the broker is administered, and which part of it.
#[derive(Debug, clap::Args)]
struct Reached {
    /// The management API, with the user and password of an administrator
    #[arg(
        long,
        value_name = "URL",
        env = "CREDIT_LEDGER_MANAGEMENT_URL",
        hide_env_values = true,
        required_unless_present = "rabbitmqctl"
    )]
    management_url: Option<String>,
    /// This program instead of the management API
    #[arg(long, value_name = "FILE")]
    rabbitmqctl: Option<PathBuf>,
    /// The virtual host
    #[arg(long, value_name = "NAME", default_value = "credits")]
    vhost: String,
    /// Only these apps, between commas; all apps of the ledger when absent
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    app: Vec<AppId>,
}

/// Options of `broker provision`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Provision {
    #[command(flatten)]
    reached: Reached,
    /// Name of the relay's user
    #[arg(long, value_name = "NAME", default_value = RELAY_USER)]
    relay_user: String,
    /// Add new passwords to this file, which only its owner can read
    #[arg(long, value_name = "FILE", conflicts_with = "show_passwords")]
    credentials_file: Option<PathBuf>,
    /// Print new passwords, this once
    #[arg(long)]
    show_passwords: bool,
    /// Give these users, between commas, new passwords
    #[arg(long, value_name = "USERS", value_delimiter = ',')]
    rotate: Vec<String>,
    /// Bytes that an app's queue holds; the oldest messages then go, and the app fills the gap from the feed
    #[arg(long, value_name = "N", default_value_t = Limits::default().queue_bytes)]
    queue_bytes: u64,
    /// Bytes that the audit stream holds
    #[arg(long, value_name = "N", default_value_t = Limits::default().audit_bytes)]
    audit_bytes: u64,
}

/// Options of `broker status`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Status {
    #[command(flatten)]
    reached: Reached,
}

impl BrokerCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Provision(provision) => provision.run(context).await,
            Self::Status(status) => status.run(context).await,
        }
    }
}

impl Reached {
    fn administration(&self) -> Outcome<Administration> {
        match (&self.rabbitmqctl, &self.management_url) {
            (Some(program), _) => Ok(Administration::Ctl(program.clone())),
            (None, Some(url)) => Administration::api(url),
            (None, None) => Err(Failure::Usage("either --management-url or --rabbitmqctl".to_owned())),
        }
    }

    /// The apps that are meant, in ascending order.
    async fn apps(&self, context: &mut Context<'_>) -> Outcome<Vec<AppId>> {
        let apps: BTreeSet<AppId> = if self.app.is_empty() {
            let query = Query::of("/v1/apps");
            let listed = context.ledger(async |client, _| client.all(&query).await).await?;
            let id = |app: &Value| app.get("app_id")?.as_str()?.parse().ok();
            listed.iter().filter_map(id).collect()
        } else {
            self.app.iter().copied().collect()
        };
        Ok(apps.into_iter().collect())
    }
}

impl Provision {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let administration = self.reached.administration()?;
        let apps = self.reached.apps(context).await?;
        let known: BTreeSet<String> = administration.users().await?.into_iter().collect();
        let names: Vec<String> =
            std::iter::once(self.relay_user.clone()).chain(apps.iter().map(|app| user(*app))).collect();
        if let Some(stranger) = self.rotate.iter().find(|name| !names.contains(name)) {
            return Err(Failure::Usage(format!("--rotate: {stranger} is none of the users concerned")));
        }
        let mut entropy = (context.machine.entropy)();
        let is_new = |name: &&String| !known.contains(*name) || self.rotate.contains(*name);
        let made = |name: &String| NewUser { name: name.clone(), password: password(&mut *entropy) };
        let users: Vec<NewUser> = names.iter().filter(is_new).map(made).collect();
        self.keep(&users)?;
        let limits =
            Limits { queue_bytes: self.queue_bytes, audit_bytes: self.audit_bytes, ..Limits::default() };
        let plan =
            Plan { vhost: &self.reached.vhost, relay: &self.relay_user, apps: &apps, users: &users, limits };
        administration.import(&plan.definitions()).await?;
        let queues = std::iter::once(AUDIT.to_owned()).chain(apps.iter().map(|app| queue(*app)));
        let rows: Vec<Value> =
            names.iter().zip(queues).map(|(name, queue)| self.row(name, &queue, &known, &users)).collect();
        context.out.many(&rows, PROVISIONED)
    }

    /// Keeps new passwords where they were asked to be.
    fn keep(&self, users: &[NewUser]) -> Outcome {
        let destination = match (&self.credentials_file, self.show_passwords) {
            (Some(path), _) => Destination::File(path.clone()),
            (None, true) => Destination::Shown,
            (None, false) if users.is_empty() => return Ok(()),
            (None, false) => {
                let text = "users are to be made: say --credentials-file FILE or --show-passwords";
                return Err(Failure::Usage(text.to_owned()));
            }
        };
        let kept = destination.keep(&self.reached.vhost, users);
        Ok(kept.with_context(|| format!("{destination:?} can't take the passwords"))?)
    }

    fn row(&self, name: &str, queue: &str, known: &BTreeSet<String>, users: &[NewUser]) -> Value {
        let made = users.iter().find(|user| user.name == name);
        let state = match (made, known.contains(name)) {
            (None, _) => "kept",
            (Some(_), false) => "made",
            (Some(_), true) => "new password",
        };
        let mut row = json!({ "user": name, "queue": queue, "state": state });
        if let Some(user) = made.filter(|_| self.show_passwords) {
            row["password"] = json!(user.password);
        }
        row
    }
}

impl Status {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let administration = self.reached.administration()?;
        let apps = self.reached.apps(context).await?;
        let found = administration.queues(&self.reached.vhost).await?;
        let wanted = std::iter::once(AUDIT.to_owned());
        let wanted = wanted.chain(apps.iter().flat_map(|app| [queue(*app), parked(*app)]));
        let rows: Vec<Value> = wanted.map(|name| row_of(&found, name)).collect();
        let missing = rows.iter().filter(|row| row["state"] == "missing").count();
        context.out.many(&rows, LISTED)?;
        if missing > 0 {
            let text = format!("{missing} of {} queues are missing: run broker provision", rows.len());
            return Err(Failure::Other(anyhow!(text)));
        }
        Ok(())
    }
}

fn row_of(found: &[Value], name: String) -> Value {
    match found.iter().find(|queue| queue["name"] == name.as_str()) {
        Some(queue) => {
            let mut row = queue.clone();
            row["state"] = json!("there");
            row
        }
        None => json!({ "name": name, "state": "missing" }),
    }
}
