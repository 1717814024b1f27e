//! Groups and their members, as the authorization server keeps them; asked with this service's token.

use credit_ledger_client::auth::ServiceTokenManager;
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{caller::Caller, correlation::Correlation, problem::Problem};

/// Asks for groups.
pub(crate) struct Groups {
    http: reqwest::Client,
    url: String,
    tokens: ServiceTokenManager,
}

/// A group, as far as a chat needs it.
#[derive(Debug, Deserialize)]
pub(crate) struct Group {
    pub(crate) org_id: Uuid,
}

#[derive(Debug, Deserialize)]
struct Members {
    members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Member {
    user_id: Uuid,
}

impl Groups {
    pub(crate) fn new(http: reqwest::Client, url: &str, tokens: ServiceTokenManager) -> Self {
        Self { http, url: format!("{url}/api/auth/groups"), tokens }
    }

    /// The group, if the caller is in it and in its organization.
    pub(crate) async fn of_member(
        &self,
        group: Uuid,
        caller: &Caller,
        correlation: &Correlation,
    ) -> Result<Group, Problem> {
        let found: Group = self.ask(&format!("{}/{group}", self.url), correlation).await?;
        if found.org_id != caller.organization {
            return Err(Problem::no_group());
        }
        let Members { members } = self.ask(&format!("{}/{group}/members", self.url), correlation).await?;
        if members.iter().any(|member| member.user_id == caller.user) {
            Ok(found)
        } else {
            Err(Problem::forbidden("only members of the group may chat in it"))
        }
    }

    async fn ask<T: DeserializeOwned>(&self, url: &str, correlation: &Correlation) -> Result<T, Problem> {
        const AWAY: Problem = Problem::unavailable("groups can't be looked up now");
        let answer = self.tokens.send(correlation.on(self.http.get(url))).await.map_err(|error| {
            tracing::warn!(%error, "groups can't be reached");
            AWAY
        })?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map_err(|error| {
                tracing::warn!(%error, "groups answer something else");
                AWAY
            }),
            StatusCode::NOT_FOUND => Err(Problem::no_group()),
            status => {
                tracing::warn!(%status, "groups are refused: has the service the scopes groups:read and members:read?");
                Err(AWAY)
            }
        }
    }
}
