//! Changes: the fact goes to the log first, then to the directory; success is told after both.

use std::sync::Arc;

use events::{
    ApiKeyIssued, ApiKeyRevoked, AppId, AppRegistered, CommandId, Event, KeyId, OrgId,
    OrganizationRegistered, Recorded, Subject,
};
use uuid::Uuid;

use super::{
    ApiKey, App, DEFAULT_ORGANIZATION, Identity, Organization, Scopes,
    directory::Directory,
    name::is_name,
    secret::{Kind, SecretText},
};
use crate::{
    clock::sixteen,
    engine::{EngineError, Fact},
};

/// Why a change of identity was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdentityError {
    /// Another organization, or another app of the organization, has the name.
    #[error("the name is taken")]
    NameTaken,
    /// There is no such organization, app or key.
    #[error("there is no such organization, app or key")]
    NotFound,
    /// Not a name: see [`is_name`].
    #[error("a name has 1 to 64 letters, digits, spaces, dashes, underscores and dots")]
    BadName,
    /// A key needs at least one scope.
    #[error("a key needs at least one scope")]
    BadScope,
    /// The fact could not be recorded.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A new key. Its secret is shown this once.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The key's public id.
    pub key: KeyId,
    /// The key itself.
    pub secret: ApiKey,
}

/// A fact to be, with the organization it belongs to and what it is about.
struct Draft {
    org: OrgId,
    subject: Subject,
    event: Event,
}

impl Identity {
    /// Registers an organization; `actor` is who does it.
    ///
    /// # Errors
    /// [`IdentityError::BadName`], [`IdentityError::NameTaken`] or [`IdentityError::Engine`].
    pub async fn register_organization(
        &self,
        name: &str,
        actor: Option<Box<str>>,
    ) -> Result<Organization, IdentityError> {
        let name = checked(name)?;
        let organization = Organization { id: OrgId(self.random_id()), name };
        let wanted = organization.clone();
        self.change(actor, move |directory| {
            if directory.organization_by_name(&wanted.name).is_some() {
                return Err(IdentityError::NameTaken);
            }
            let Organization { id: org, name } = wanted;
            let event = OrganizationRegistered { organization: org, name }.into();
            Ok(Some(Draft { org, subject: Subject::Organization(org), event }))
        })
        .await?;
        Ok(organization)
    }

    /// Registers an app of an organization.
    ///
    /// # Errors
    /// As [`IdentityError`] says.
    pub async fn register_app(
        &self,
        org: OrgId,
        name: &str,
        actor: Option<Box<str>>,
    ) -> Result<App, IdentityError> {
        let name = checked(name)?;
        let app = AppId(self.random_id());
        self.change(actor, move |directory| {
            directory.organization(org).ok_or(IdentityError::NotFound)?;
            if directory.app_by_name(org, &name).is_some() {
                return Err(IdentityError::NameTaken);
            }
            let event = AppRegistered { app, organization: org, name }.into();
            Ok(Some(Draft { org, subject: Subject::App(app), event }))
        })
        .await?;
        self.app(app).ok_or(IdentityError::NotFound)
    }

    /// Issues a key to an app. Only its hash is kept.
    ///
    /// # Errors
    /// [`IdentityError::BadScope`] without any scope, [`IdentityError::NotFound`] without such an
    /// app, or [`IdentityError::Engine`].
    pub async fn issue_key(
        &self,
        app: AppId,
        scopes: Scopes,
        actor: Option<Box<str>>,
    ) -> Result<Issued, IdentityError> {
        if scopes.is_empty() {
            return Err(IdentityError::BadScope);
        }
        let (key, secret) = self.draw(Kind::ApiKey);
        let verifier = self.shared.pepper.verifier(secret.secret());
        self.change(actor, move |directory| {
            let org = directory.app(app).ok_or(IdentityError::NotFound)?.org;
            let scopes = scopes.iter().map(|scope| scope.as_str().into()).collect();
            let event = ApiKeyIssued { key, app, scopes, verifier, expires: None }.into();
            Ok(Some(Draft { org, subject: Subject::App(app), event }))
        })
        .await?;
        Ok(Issued { key, secret: ApiKey(secret) })
    }

    /// Revokes a key: it is refused from the moment this returns. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn revoke_key(&self, key: KeyId, actor: Option<Box<str>>) -> Result<(), IdentityError> {
        self.change(actor, move |directory| {
            let (known, _) = directory.key(key).ok_or(IdentityError::NotFound)?;
            if known.revoked.is_some() {
                return Ok(None);
            }
            let event = ApiKeyRevoked { key, app: known.app }.into();
            Ok(Some(Draft { org: known.org, subject: Subject::App(known.app), event }))
        })
        .await
        .map(drop)
    }

    /// The organization named [`DEFAULT_ORGANIZATION`], registered if it is not there yet.
    ///
    /// # Errors
    /// [`IdentityError::Engine`].
    pub async fn ensure_default_organization(&self) -> Result<Organization, IdentityError> {
        if let Some(known) = self.organization_by_name(DEFAULT_ORGANIZATION) {
            return Ok(known);
        }
        match self.register_organization(DEFAULT_ORGANIZATION, None).await {
            Err(IdentityError::NameTaken) => {
                self.organization_by_name(DEFAULT_ORGANIZATION).ok_or(IdentityError::NotFound)
            }
            result => result,
        }
    }

    /// Records what another process decided on its own directory: unless `earlier` finds that it was
    /// recorded before, or this directory, which is newer, contradicts it.
    ///
    /// # Errors
    /// [`EngineError::Contradicted`], or what `earlier` and `record` say.
    pub async fn admit(
        &self,
        fact: Fact,
        earlier: impl Future<Output = Result<Option<Arc<Recorded>>, EngineError>> + Send,
        record: impl AsyncFnOnce(Fact) -> Result<Arc<Recorded>, EngineError> + Send,
    ) -> Result<Arc<Recorded>, EngineError> {
        let _turn = self.shared.turn.lock().await;
        if let Some(recorded) = earlier.await? {
            return Ok(recorded);
        }
        if !self.shared.directory.load().admits(&fact.event) {
            return Err(EngineError::Contradicted);
        }
        let recorded = record(fact).await?;
        self.shared.apply_all([&*recorded]);
        Ok(recorded)
    }

    /// Decides on the directory as it is, records what was decided and applies it, one change at a
    /// time. It goes on when the caller no longer waits: a recorded fact is always applied.
    async fn change(
        &self,
        actor: Option<Box<str>>,
        decide: impl FnOnce(&Directory) -> Result<Option<Draft>, IdentityError> + Send + 'static,
    ) -> Result<Option<Arc<Recorded>>, IdentityError> {
        let id = CommandId(self.random_id());
        let shared = self.shared.clone();
        let change = tokio::spawn(async move {
            let _turn = shared.turn.lock().await;
            let Some(Draft { org, subject, event }) = decide(&shared.directory.load())? else {
                return Ok(None);
            };
            let fact = Fact { id, subject, org: Some(org), actor, event };
            let recorded = shared.commands.record(fact).await?;
            shared.apply_all([&*recorded]);
            Ok(Some(recorded))
        });
        match change.await {
            Ok(result) => result,
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            Err(_) => Err(EngineError::OutcomeUnknown(id).into()),
        }
    }

    fn random_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(sixteen(&mut **self.shared.entropy())).into_uuid()
    }

    pub(super) fn draw(&self, kind: Kind) -> (KeyId, SecretText) {
        SecretText::draw(kind, &mut **self.shared.entropy())
    }
}

fn checked(name: &str) -> Result<Box<str>, IdentityError> {
    if is_name(name) { Ok(name.into()) } else { Err(IdentityError::BadName) }
}
