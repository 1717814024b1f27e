//! People, an app that they know, and the tokens of both.

use std::collections::BTreeMap;

use credit_ledger::identity::{
    Client as OauthClient, Scope, Scopes,
    tokens::{AccessGrant, Claims, Whose},
    users::Profile,
    vault,
};
use events::{AppId, KeyId, OrgId, SessionId, UserId, UserRole};
use uuid::Uuid;

use crate::support::app::{Client, TestApp};

/// The session of all tokens here.
pub(super) const SESSION: SessionId = SessionId(Uuid::from_u128(0x5E55));

/// A ledger with an app that administers it, and one that people know.
pub(super) struct World {
    pub(super) app: TestApp,
    /// A key with `admin`.
    pub(super) admin: Client,
    /// An app of others, by a key with every scope for the money of users.
    pub(super) chat: Client,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::of(TestApp::start().await).await
    }

    pub(super) async fn of(app: TestApp) -> Self {
        let admin = app.admin().await;
        let spends = [Scope::CreditsCheck, Scope::CreditsDeduct, Scope::CreditsHold, Scope::CreditsRead];
        let chat = app.with_scopes(spends).await;
        let world = Self { app, admin, chat };
        for (client, id, first_party) in [(&world.admin, "console", true), (&world.chat, "chat-app", false)] {
            world.set_client(client, id, first_party, false).await;
        }
        world
    }

    pub(super) async fn set_client(&self, client: &Client, id: &str, first_party: bool, disabled: bool) {
        let app = app_id(client);
        let registered = OauthClient {
            app,
            org: self.org(),
            client_id: id.into(),
            confidential: true,
            grants: vec!["authorization_code".into(), "client_credentials".into()],
            redirect_uris: vec![],
            logout_uris: vec![],
            origins: vec![],
            return_to: BTreeMap::new(),
            scopes: Scope::ALL.into_iter().collect(),
            audiences: vec![],
            first_party,
            display_name: "Chat".into(),
            disabled,
        };
        self.app.ledger.identity.set_client(app, registered, None).await.expect("a client");
    }

    pub(super) fn org(&self) -> OrgId {
        self.app.ledger.default_org
    }

    /// A new user with these roles.
    pub(super) async fn user(&self, roles: &[UserRole]) -> UserId {
        let identity = &self.app.ledger.identity;
        let user = identity.register_user(self.org(), None, None, None).await.expect("a user");
        if !roles.is_empty() {
            identity.set_roles(user, roles.iter().copied(), None).await.expect("roles");
        }
        user
    }

    /// The vault knows this address of the user.
    pub(super) async fn has_address(&self, user: UserId, email: &str) {
        let profile = Profile { email: email.into(), name: None, preferences: "".into() };
        let draft = vault::Draft::of(user.to_string(), Some(user.0), None, &profile);
        let now = credit_ledger::clock::Clock::now(&*self.app.clock);
        let kept = self.app.ledger.auth.shelf.commit(vec![vault::Change::Put(draft)], now).await;
        kept.expect("a profile");
    }

    /// Lets the chat app do this for the user.
    pub(super) async fn grant(&self, user: UserId, scopes: Scopes) {
        let granted = self.app.ledger.identity.grant_access(user, app_id(&self.chat), scopes, None).await;
        granted.expect("access");
    }

    /// A user's token, from a login here or through an app.
    pub(super) fn token(&self, user: UserId, app: Option<&Client>, scopes: Scopes) -> (String, Claims) {
        let whose = Whose::User { user, session: Some(SESSION), roles: vec![], auth_time: None };
        self.issue(whose, self.org(), app, scopes)
    }

    pub(super) fn issue(
        &self,
        whose: Whose,
        org: OrgId,
        app: Option<&Client>,
        scopes: Scopes,
    ) -> (String, Claims) {
        let client_id = if app.is_some() { "an-app" } else { "ledger" }.into();
        let (audience, domain) = (vec![], None);
        let app = app.map(app_id);
        let grant = AccessGrant { whose, org, client_id, app, scopes, audience, domain };
        let now = credit_ledger::clock::Clock::now(&*self.app.clock);
        self.app.ledger.auth.tokens.issue_access(&grant, now).expect("a token")
    }

    /// Whoever shows this token.
    pub(super) fn bearer(&self, name: &str, token: &str) -> Client {
        Client { name: name.into(), token: Some(token.into()), ..self.app.anonymous() }
    }

    /// A user by a token with every scope there is, from a login here.
    pub(super) fn signed_in(&self, name: &str, user: UserId) -> Client {
        self.bearer(name, &self.token(user, None, everything()).0)
    }

    /// A user by a token of the chat app.
    pub(super) fn through_chat(&self, user: UserId, scopes: Scopes) -> Client {
        self.bearer("a user through an app", &self.token(user, Some(&self.chat), scopes).0)
    }

    /// The chat app by a token of its own.
    pub(super) fn service(&self, scopes: Scopes) -> Client {
        let (token, _) = self.issue(Whose::Service, self.org(), Some(&self.chat), scopes);
        Client { app_id: self.chat.app_id.clone(), ..self.bearer("a service", &token) }
    }

    /// A key of the chat app and a token of its user.
    pub(super) fn on_behalf(&self, key: &Client, user: UserId, scopes: Scopes) -> Client {
        let (token, _) = self.token(user, Some(key), scopes);
        Client { name: "on behalf".into(), token: Some(token.into()), ..key.clone() }
    }
}

/// Every scope there is.
pub(super) fn everything() -> Scopes {
    Scope::ALL.into_iter().collect()
}

pub(super) fn scopes(names: &str) -> Scopes {
    names.parse().expect("scopes")
}

pub(super) fn app_id(client: &Client) -> AppId {
    client.app_id.as_deref().and_then(|id| id.parse().ok()).expect("an app")
}

pub(super) fn key_id(client: &Client) -> KeyId {
    client.key_id.as_deref().and_then(|id| id.parse().ok()).expect("a key")
}
