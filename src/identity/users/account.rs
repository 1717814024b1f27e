//! What a user sees and sets of its own account.

use events::{AppId, UserId};

use super::{Origin, Profile, UserError, Users, register::checked_name, sessions::actor, stored_profile};
use crate::identity::{
    User,
    mail::EmailAddress,
    vault::{ActivityKind, Change, Kind, Outcome, Stored, VaultError},
};

/// Attempts to write a profile that others write at the same time.
const ATTEMPTS: usize = 4;

/// A user and what it told about itself.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user: User,
    /// What it told about itself.
    pub profile: Profile,
}

impl Users {
    /// A user's account.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or what is not available.
    pub async fn account(&self, user: UserId) -> Result<Account, UserError> {
        let user = self.known(user)?;
        Ok(Account { profile: self.profile_of(user.id).await?.value, user })
    }

    /// Sets a user's name.
    ///
    /// # Errors
    /// [`UserError::Name`], [`UserError::NotFound`], or what is not available.
    pub async fn set_name(&self, user: UserId, name: &str) -> Result<(), UserError> {
        let name = checked_name(name)?;
        self.set(user, |profile| profile.name = Some(name.clone())).await
    }

    /// Sets a user's preferences: a JSON object, as text.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or what is not available.
    pub async fn set_preferences(&self, user: UserId, preferences: Box<str>) -> Result<(), UserError> {
        self.set(user, |profile| profile.preferences = preferences.clone()).await
    }

    /// Takes back what a user allowed an app; the app's tokens for the user end.
    ///
    /// # Errors
    /// [`UserError::NotFound`] when it is not allowed anything, or what is not available.
    pub async fn revoke_access(&self, user: UserId, app: AppId, origin: &Origin) -> Result<(), UserError> {
        let user = self.known(user)?;
        self.identity().access(user.id, app).ok_or(UserError::NotFound)?;
        self.identity().revoke_access(user.id, app, actor(user.id)).await?;
        let who = (user.org, Some(user.id));
        self.note(ActivityKind::AccessRevocation, Outcome::Done, who, origin, None);
        Ok(())
    }

    pub(super) async fn email_of(&self, user: UserId) -> Result<EmailAddress, UserError> {
        Ok(self.profile_of(user).await?.value.email.parse()?)
    }

    async fn profile_of(&self, user: UserId) -> Result<Stored<Profile>, UserError> {
        stored_profile(self.shelf(), user, self.now()).await?.ok_or(UserError::NotFound)
    }

    async fn set(&self, user: UserId, change: impl Fn(&mut Profile)) -> Result<(), UserError> {
        for _ in 0..ATTEMPTS {
            let mut stored = self.profile_of(user).await?;
            change(&mut stored.value);
            match self.shelf().replace(&stored, self.now()).await {
                Err(VaultError::Conflict) => {}
                result => return Ok(result?),
            }
        }
        Err(UserError::Busy)
    }

    /// Takes away everything that is kept of a user's sign-ins: what is left is who it is.
    pub(super) async fn forget_links(&self, user: UserId) -> Result<(), UserError> {
        let changes = vec![Change::DeleteOf { kind: Kind::Mail, owner: user.0 }];
        Ok(self.shelf().commit(changes, self.now()).await?)
    }
}
