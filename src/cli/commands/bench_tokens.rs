//! `bench tokens`: access tokens of a user, for `bench load` to show.

use std::{
    io::{BufWriter, Write},
    path::PathBuf,
};

use events::UserRole;

use crate::{
    app::Ledger,
    cli::{context::Context, failure::Outcome},
    identity::{
        Scope,
        tokens::{AccessGrant, Whose},
    },
};

/// Options of `bench tokens`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TokensBench {
    /// How many: 64 stay in the server's cache, 100000 do not
    #[arg(long, default_value_t = 64)]
    count: usize,
    /// The file to write, which only its owner can read
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

impl TokensBench {
    pub(super) fn run(&self, context: &Context<'_>) -> Outcome {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let ledger = Ledger::open(&context.settings.config, &context.machine).await?;
            let written = self.write(context, &ledger).await;
            ledger.close().await?;
            written
        })
    }

    /// Tokens of a new user who administers the default organization, so that it may spend from any wallet.
    async fn write(&self, context: &Context<'_>, ledger: &Ledger) -> Outcome {
        let (org, actor) = (ledger.default_org, || Some("operator".into()));
        let registered = ledger.identity.register_user(org, None, None, actor()).await;
        let user = registered.map_err(anyhow::Error::from)?;
        let roles = ledger.identity.set_roles(user, [UserRole::Admin], actor()).await;
        roles.map_err(anyhow::Error::from)?;
        let grant = AccessGrant {
            whose: Whose::User { user, session: None, roles: vec![UserRole::Admin], auth_time: None },
            org,
            client_id: "bench".into(),
            app: None,
            scopes: [Scope::Admin].into_iter().collect(),
            audience: Vec::new(),
            domain: None,
        };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = BufWriter::new(options.open(&self.file)?);
        for _ in 0..self.count {
            let issued = ledger.auth.tokens.issue_access(&grant, context.machine.clock.now());
            writeln!(file, "{}", issued.map_err(anyhow::Error::from)?.0)?;
        }
        file.flush()?;
        Ok(())
    }
}
