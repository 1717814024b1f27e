//! Changes: the fact goes to the log first, then to the directory; success is told after both.

use std::sync::Arc;

use events::{
    ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppId, AppRegistered, CommandId, Event, KeyId, OrgId,
    OrganizationRegistered, Recorded, Subject, Time,
};
use uuid::Uuid;

use super::{
    ApiKey, App, DEFAULT_ORGANIZATION, Identity, Organization, Scopes,
    directory::Directory,
    name::is_name,
    people::{ClientFault, Index, admits},
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
    /// Another client has the id, or a key of `return_to` that is the same.
    #[error("the client id is taken")]
    ClientIdTaken,
    /// Another client has the key of `return_to`, or an id that is the same.
    #[error("a key of return_to is taken")]
    ReturnToTaken,
    /// There is no such thing.
    #[error("there is no such organization, app, key, user or group")]
    NotFound,
    /// Not a name: see [`is_name`].
    #[error("a name has 1 to 64 letters, digits, spaces, dashes, underscores and dots")]
    BadName,
    /// A key needs at least one scope.
    #[error("a key needs at least one scope")]
    BadScope,
    /// Not a short code, such as a reason.
    #[error("a code has 1 to 64 letters, digits, dashes, underscores and dots")]
    BadCode,
    /// The client can't be so.
    #[error(transparent)]
    BadClient(ClientFault),
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

/// A fact to be: the organization it belongs to, what it is about, and the app that acts, if one does.
pub(super) struct Draft {
    pub(super) org: Option<OrgId>,
    pub(super) subject: Subject,
    pub(super) app: Option<AppId>,
    pub(super) event: Event,
}

impl Draft {
    fn new(org: OrgId, subject: Subject, event: impl Into<Event>) -> Option<Self> {
        Some(Self { org: Some(org), subject, app: None, event: event.into() })
    }
}

/// What a change is decided on.
pub(super) struct View<'a> {
    pub(super) directory: &'a Directory,
    pub(super) people: &'a Index,
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
        self.change(actor, move |View { directory, .. }| {
            if directory.organization_by_name(&wanted.name).is_some() {
                return Err(IdentityError::NameTaken);
            }
            let Organization { id: org, name } = wanted;
            Ok(Draft::new(
                org,
                Subject::Organization(org),
                OrganizationRegistered { organization: org, name },
            ))
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
        self.change(actor, move |View { directory, .. }| {
            directory.organization(org).ok_or(IdentityError::NotFound)?;
            if directory.app_by_name(org, &name).is_some() {
                return Err(IdentityError::NameTaken);
            }
            Ok(Draft::new(org, Subject::App(app), AppRegistered { app, organization: org, name }))
        })
        .await?;
        self.app(app).ok_or(IdentityError::NotFound)
    }

    /// Issues a key to an app, for ever. Only its hash is kept.
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
        self.issue_key_until(app, scopes, None, actor).await
    }

    /// The same for a key that is accepted until, not including, `expires`.
    ///
    /// # Errors
    /// As [`Self::issue_key`].
    pub async fn issue_key_until(
        &self,
        app: AppId,
        scopes: Scopes,
        expires: Option<Time>,
        actor: Option<Box<str>>,
    ) -> Result<Issued, IdentityError> {
        if scopes.is_empty() {
            return Err(IdentityError::BadScope);
        }
        let (key, secret) = self.draw(Kind::ApiKey);
        let verifier = self.shared.pepper.verifier(secret.secret());
        self.change(actor, move |View { directory, .. }| {
            let org = directory.app(app).ok_or(IdentityError::NotFound)?.org;
            let scopes = scopes.iter().map(|scope| scope.as_str().into()).collect();
            Ok(Draft::new(org, Subject::App(app), ApiKeyIssued { key, app, scopes, verifier, expires }))
        })
        .await?;
        Ok(Issued { key, secret: ApiKey(secret) })
    }

    /// Sets until when a key is accepted, or for ever: a key that was revoked or has expired stays so. A
    /// time that is past ends it at once.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], also when the key was revoked, or [`IdentityError::Engine`].
    pub async fn set_key_expiry(
        &self,
        key: KeyId,
        expires: Option<Time>,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |View { directory, .. }| {
            let (known, _) = directory.key(key).ok_or(IdentityError::NotFound)?;
            if known.revoked.is_some() {
                return Err(IdentityError::NotFound);
            }
            let event = ApiKeyExpirySet { key, app: known.app, expires };
            let is_new = known.expires != expires;
            Ok(is_new.then(|| Draft::new(known.org, Subject::App(known.app), event)).flatten())
        })
        .await
        .map(drop)
    }

    /// Revokes a key: it is refused from the moment this returns. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn revoke_key(&self, key: KeyId, actor: Option<Box<str>>) -> Result<(), IdentityError> {
        self.change(actor, move |View { directory, .. }| {
            let (known, _) = directory.key(key).ok_or(IdentityError::NotFound)?;
            if known.revoked.is_some() {
                return Ok(None);
            }
            Ok(Draft::new(known.org, Subject::App(known.app), ApiKeyRevoked { key, app: known.app }))
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
        if let Event::Auth(event) = &fact.event
            && !admits(&self.shared.directory.load(), &self.shared.people(), event)
        {
            return Err(EngineError::Contradicted);
        }
        let recorded = record(fact).await?;
        self.shared.apply_all([&*recorded]);
        self.shared.following.recorded(recorded.envelope.position);
        Ok(recorded)
    }

    /// Decides on the directory as it is, records what was decided and applies it, one change at a
    /// time. It goes on when the caller no longer waits: a recorded fact is always applied.
    pub(super) async fn change(
        &self,
        actor: Option<Box<str>>,
        decide: impl FnOnce(&View<'_>) -> Result<Option<Draft>, IdentityError> + Send + 'static,
    ) -> Result<Option<Arc<Recorded>>, IdentityError> {
        let id = CommandId(self.random_id());
        let shared = self.shared.clone();
        let change = tokio::spawn(async move {
            let _turn = shared.turn.lock().await;
            let draft = decide(&View { directory: &shared.directory.load(), people: &shared.people() })?;
            let Some(Draft { org, subject, app, event }) = draft else { return Ok(None) };
            let fact = Fact { id, subject, org, app, actor, event };
            let recorded = shared.commands.record(fact).await?;
            shared.apply_all([&*recorded]);
            shared.following.recorded(recorded.envelope.position);
            Ok(Some(recorded))
        });
        match change.await {
            Ok(result) => result,
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            Err(_) => Err(EngineError::OutcomeUnknown(id).into()),
        }
    }

    pub(super) fn random_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(sixteen(&mut **self.shared.entropy())).into_uuid()
    }

    pub(super) fn draw(&self, kind: Kind) -> (KeyId, SecretText) {
        SecretText::draw(kind, &mut **self.shared.entropy())
    }
}

pub(super) fn checked(name: &str) -> Result<Box<str>, IdentityError> {
    if is_name(name) { Ok(name.into()) } else { Err(IdentityError::BadName) }
}

/// A short code, which says nothing about a person.
pub(super) fn code(text: &str) -> Result<Box<str>, IdentityError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.into())
    } else {
        Err(IdentityError::BadCode)
    }
}
