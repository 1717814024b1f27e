//! `POST /api/cross-app/register`: an app with everything that it needs to sign users in.

use std::collections::BTreeMap;

use axum::extract::State;
use events::{AppId, OrgId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        app::Shared,
        extract::{Caller, Payload, scope},
        problem::Problem,
        reply::Reply,
    },
    identity::{Client, Scope, Scopes, oauth::token::GrantType},
};

/// An app to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CrossAppRequest {
    /// Its name, unique in the organization.
    #[schema(example = "my-video-app")]
    name: String,
    /// Its name for OAuth: 3 to 64 letters, digits, dashes, underscores and dots, and no UUID. It never
    /// changes; a random one, when absent.
    #[schema(example = "my-video-app")]
    client_id: Option<String>,
    /// The web origins of its pages.
    #[serde(default)]
    #[schema(example = json!(["https://video.example"]))]
    origins: Vec<String>,
    /// Where users may be sent back to, exactly.
    #[serde(default)]
    #[schema(example = json!(["https://video.example/auth-callback"]))]
    redirect_uris: Vec<String>,
    /// Where users may be sent after signing out.
    #[serde(default)]
    logout_uris: Vec<String>,
    /// Pages by name, for `return_to`.
    #[serde(default)]
    return_to: BTreeMap<String, String>,
    /// What it may ask users for.
    #[serde(default)]
    #[schema(example = json!(["openid", "email", "credits:check", "credits:deduct"]))]
    scopes: Vec<String>,
    /// Whether it can keep a secret: a server, not a page or a program on a user's device.
    #[serde(default)]
    confidential: bool,
}

impl CrossAppRequest {
    fn client(&self, shared: &Shared, org: OrgId) -> Result<Client, Problem> {
        let texts = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
        let scopes: Result<Scopes, _> = self.scopes.iter().map(|scope| scope.parse::<Scope>()).collect();
        let id = shared.random_id();
        let grants = [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
        let grants =
            grants.into_iter().filter(|grant| self.confidential || *grant != GrantType::ClientCredentials);
        Ok(Client {
            app: AppId(id),
            org,
            // Half of a random id: no UUID, and no two alike.
            client_id: match &self.client_id {
                Some(named) => named.as_str().into(),
                None => format!("app_{}", &id.simple().to_string()[..16]).into(),
            },
            confidential: self.confidential,
            grants: grants.map(|grant| grant.as_str().into()).collect(),
            redirect_uris: texts(&self.redirect_uris),
            logout_uris: texts(&self.logout_uris),
            origins: texts(&self.origins),
            return_to: self
                .return_to
                .iter()
                .map(|(key, url)| (key.as_str().into(), url.as_str().into()))
                .collect(),
            scopes: scopes.map_err(|unknown| Problem::bad_request(unknown.to_string()))?,
            audiences: Vec::new(),
            first_party: false,
            display_name: self.name.as_str().into(),
            disabled: false,
        })
    }
}

/// A registered app.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct CrossApp {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app_id: AppId,
    /// Its name for OAuth.
    #[schema(value_type = String, example = "app_mfrggzdfmztwq2lk")]
    client_id: Box<str>,
    /// Its secret, shown this once; only for one that can keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Its organization.
    #[schema(value_type = String, format = "uuid")]
    organization: OrgId,
    /// Its name.
    name: String,
    /// The web origins of its pages.
    origins: Vec<String>,
    /// Where users may be sent back to.
    redirect_uris: Vec<String>,
    /// What it may ask users for.
    scopes: Vec<String>,
}

/// Registers an app with what it needs to sign users in.
///
/// A confidential app is given a secret, which is shown this once; the others prove by PKCE who they are.
#[utoipa::path(
    post, path = "/api/cross-app/register", tag = "cross-app", operation_id = "cross_app_register",
    request_body(content = CrossAppRequest, example = json!({
        "name": "my-video-app", "origins": ["https://video.example"],
        "redirect_uris": ["https://video.example/auth-callback"], "scopes": ["openid", "email", "credits:check", "credits:deduct"],
    })),
    responses((status = 201, description = "The app is registered", body = CrossApp)),
)]
pub(in crate::http) async fn register(
    State(shared): State<Shared>,
    caller: Caller<scope::AppsAdmin>,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: CrossAppRequest = body.parse()?;
    let client = request.client(&shared, caller.org)?;
    // What a confidential client may do for itself, and no customer could let it do, its maker must be allowed.
    let given = |scope: &Scope| scope.is_for_apps() && (client.confidential || !scope.is_for_customers());
    client.scopes.iter().filter(given).try_for_each(|scope| caller.must_have(scope))?;
    // Before the app is there, so that a mistake leaves nothing behind.
    shared.identity.may_be_client(&client)?;
    let actor = caller.actor;
    let app = shared.identity.register_app(caller.org, &request.name, actor.clone()).await?;
    let client = shared.identity.set_client(app.id, client, actor.clone()).await?;
    let issued = match client.confidential {
        true => Some(shared.identity.issue_client_secret(app.id, None, actor).await?),
        false => None,
    };
    Ok(Reply::created(&CrossApp {
        app_id: app.id,
        client_id: client.client_id,
        client_secret: issued.map(|issued| issued.expose().to_owned()),
        organization: app.org,
        name: request.name,
        origins: request.origins,
        redirect_uris: request.redirect_uris,
        scopes: request.scopes,
    }))
}
