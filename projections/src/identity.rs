//! Organizations, apps and API keys.

use events::{AppId, AuthEvent, Event, IdMap, KeyId, OrgId, Recorded, Time, Verifier};

use crate::{Fault, Poison};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its unique name.
    pub name: Box<str>,
}

/// An app of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its id.
    pub id: AppId,
    /// Its owner.
    pub org: OrgId,
    /// Its name, unique in the organization.
    pub name: Box<str>,
    /// When it was registered.
    pub registered: Time,
}

/// An API key of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its public id.
    pub id: KeyId,
    /// The app that may use it.
    pub app: AppId,
    /// The app's organization.
    pub org: OrgId,
    /// What it allows.
    pub scopes: Vec<Box<str>>,
    /// The keyed hash of its secret part.
    pub verifier: Verifier,
    /// When it was issued.
    pub issued: Time,
    /// When it was revoked, if it was.
    pub revoked: Option<Time>,
}

/// The row that an event made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// An organization.
    Organization(OrgId),
    /// An app.
    App(AppId),
    /// A key.
    Key(KeyId),
}

/// All identity rows. They are few: apps and keys of people, not of wallets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Organizations by id.
    pub organizations: IdMap<OrgId, OrgRow>,
    /// Apps by id.
    pub apps: IdMap<AppId, AppRow>,
    /// Keys by id, revoked ones too.
    pub keys: IdMap<KeyId, KeyRow>,
}

impl Identity {
    /// Applies an event; tells which row it made or changed. A fact that is recorded again, because
    /// whoever recorded it did not see that it was stored, makes the same row again.
    ///
    /// # Errors
    /// When an app's organization, a key's app or a revoked key is unknown.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Option<Changed>, Poison> {
        let (position, time) = (recorded.envelope.position, recorded.envelope.time);
        let unknown = Fault::Subject.at(position);
        Ok(Some(match &recorded.event {
            Event::Auth(AuthEvent::OrganizationRegistered(e)) => {
                let id = e.organization;
                self.organizations.insert(id, OrgRow { id, name: e.name.clone() });
                Changed::Organization(id)
            }
            Event::Auth(AuthEvent::AppRegistered(e)) => {
                let (id, org) = (e.app, e.organization);
                if !self.organizations.contains_key(&org) {
                    return Err(unknown);
                }
                self.apps.insert(id, AppRow { id, org, name: e.name.clone(), registered: time });
                Changed::App(id)
            }
            Event::Auth(AuthEvent::ApiKeyIssued(e)) => {
                let app = self.apps.get(&e.app).ok_or(unknown)?;
                let (id, scopes) = (e.key, e.scopes.clone());
                let row = KeyRow {
                    id,
                    app: app.id,
                    org: app.org,
                    scopes,
                    verifier: e.verifier,
                    issued: time,
                    revoked: None,
                };
                // Issued again it stays as it is, or a revoked key would come back to life.
                self.keys.entry(id).or_insert(row);
                Changed::Key(id)
            }
            Event::Auth(AuthEvent::ApiKeyRevoked(e)) => {
                let key = self.keys.get_mut(&e.key).filter(|key| key.app == e.app).ok_or(unknown)?;
                key.revoked.get_or_insert(time);
                Changed::Key(e.key)
            }
            Event::Auth(
                AuthEvent::ApiKeyExpirySet(_)
                | AuthEvent::ClientSet(_)
                | AuthEvent::ClientSecretIssued(_)
                | AuthEvent::ClientSecretRevoked(_)
                | AuthEvent::UserRegistered(_)
                | AuthEvent::UserVerified(_)
                | AuthEvent::UserRolesSet(_)
                | AuthEvent::UserDisabled(_)
                | AuthEvent::UserEnabled(_)
                | AuthEvent::UserLinked(_)
                | AuthEvent::PasswordChanged(_)
                | AuthEvent::UserSignedIn(_)
                | AuthEvent::SessionVerified(_)
                | AuthEvent::SessionRevoked(_)
                | AuthEvent::SessionsRevoked(_)
                | AuthEvent::AppAccessGranted(_)
                | AuthEvent::AppAccessRevoked(_)
                | AuthEvent::TokenRevoked(_)
                | AuthEvent::RefreshReused(_)
                | AuthEvent::GroupRegistered(_)
                | AuthEvent::GroupMemberAdded(_)
                | AuthEvent::GroupMemberRemoved(_)
                | AuthEvent::SigningKeyChanged(_),
            )
            | Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::WriterChanged(_) => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests;
