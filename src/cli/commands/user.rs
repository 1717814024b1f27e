//! `user list|show|roles|disable|enable|sign-out`: the people who have an account.

use events::{UserId, UserRole};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    cli::{
        client::{Client, Query},
        context::Context,
        failure::{Failure, Outcome},
        output::Column,
    },
    identity::parse_role,
};

const SHOWN: &[Column] = &[
    Column::new("user_id", "/user_id"),
    Column::new("email", "/email"),
    Column::new("email_verified", "/email_verified"),
    Column::new("name", "/name"),
    Column::new("roles", "/roles"),
    Column::new("disabled", "/disabled"),
    Column::new("organization", "/organization"),
    Column::new("registered", "/registered"),
];
const SIGNED_OUT: &[Column] = &[Column::new("user_id", "/user_id"), Column::new("signed_out", "/signed_out")];

/// Look after the people who have an account
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// List the users
    #[command(after_help = "Example:\n  credit-ledger user list -o csv")]
    List(List),
    /// Show a user
    #[command(after_help = "Example:\n  credit-ledger user show 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    Show(Named),
    /// Set what a user may do from now on; tokens that it has count with the new roles at once
    #[command(
        after_help = "Examples:\n  credit-ledger user roles 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 auditor\n  credit-ledger user roles 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 customer,admin"
    )]
    Roles(Roles),
    /// Keep a user from doing anything; its sessions and tokens end at once
    #[command(
        after_help = "Example:\n  credit-ledger user disable 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --reason abuse"
    )]
    Disable(Disable),
    /// Let a disabled user sign in again
    #[command(after_help = "Example:\n  credit-ledger user enable 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    Enable(Named),
    /// End every session of a user, with all of their tokens
    #[command(after_help = "Example:\n  credit-ledger user sign-out 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    SignOut(Named),
}

/// Options of `user list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {}

/// A user, by its id.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Named {
    /// Id of the user, which its wallet has as well
    #[arg(value_name = "USER_ID")]
    user: UserId,
}

/// Options of `user roles`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Roles {
    #[command(flatten)]
    named: Named,
    /// All of its roles, between commas: customer, admin, auditor
    #[arg(value_name = "ROLES", value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<UserRole>,
}

/// Options of `user disable`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Disable {
    #[command(flatten)]
    named: Named,
    /// A short code that says why; `operator` when absent
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
}

impl UserCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::List(list) => list.run(context).await,
            Self::Show(named) => named.show(context).await,
            Self::Roles(roles) => roles.run(context).await,
            Self::Disable(disable) => disable.run(context).await,
            Self::Enable(named) => named.enable(context).await,
            Self::SignOut(named) => named.sign_out(context).await,
        }
    }
}

impl List {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        context.ledger(async |api, out| out.many(&all(api).await?, SHOWN)).await
    }
}

/// Every user, page by page: each one says after whom the next begins.
async fn all(api: &Client) -> Outcome<Vec<Value>> {
    let (mut users, mut after) = (Vec::new(), None::<String>);
    loop {
        let query = Query::of("/v1/users").with("limit", 200).maybe("after", after.as_ref());
        let mut page = api.get(query.as_str()).await?.json()?;
        let Some(Value::Array(found)) = page.get_mut("data").map(Value::take) else {
            return Err(Failure::Other(anyhow::anyhow!("/v1/users: an answer without `data`")));
        };
        users.extend(found);
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = Some(next.to_owned()),
            None => return Ok(users),
        }
    }
}

impl Named {
    fn path(&self) -> String {
        format!("/v1/users/{}", self.user)
    }

    async fn show(&self, context: &mut Context<'_>) -> Outcome {
        context.ledger(async |api, out| out.one(&api.get(&self.path()).await?.json()?, SHOWN)).await
    }

    async fn enable(&self, context: &mut Context<'_>) -> Outcome {
        let path = self.path();
        context
            .ledger(async |api, out| {
                api.post(&format!("{path}/enable"), None, &json!({})).await?;
                out.one(&api.get(&path).await?.json()?, SHOWN)
            })
            .await
    }

    async fn sign_out(&self, context: &mut Context<'_>) -> Outcome {
        context
            .ledger(async |api, out| {
                api.delete(&format!("{}/sessions", self.path())).await?;
                out.one(&json!({ "user_id": self.user, "signed_out": true }), SIGNED_OUT)
            })
            .await
    }
}

impl Roles {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let path = format!("{}/roles", self.named.path());
        let body = json!({ "roles": self.roles });
        context
            .ledger(async |api, out| {
                out.one(&api.change(Method::PUT, &path, None, &body).await?.json()?, SHOWN)
            })
            .await
    }
}

impl Disable {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let path = self.named.path();
        let body = self.reason.as_ref().map_or(json!({}), |reason| json!({ "reason": reason }));
        context
            .ledger(async |api, out| {
                api.post(&format!("{path}/disable"), None, &body).await?;
                out.one(&api.get(&path).await?.json()?, SHOWN)
            })
            .await
    }
}

fn role(text: &str) -> Result<UserRole, String> {
    parse_role(text).ok_or_else(|| "expected customer, admin or auditor".to_owned())
}
