//! What administrators do with users.

use events::{OrgId, UserId, UserRole};

use super::{Account, Origin, Profile, UserError, Users};
use crate::identity::vault::{ActivityKind, Outcome};

/// A page of users, by id.
#[derive(Debug, Default)]
pub struct UserPage {
    /// The users.
    pub users: Vec<Account>,
    /// After whom the next page starts, if there may be one.
    pub next: Option<UserId>,
}

impl Users {
    /// The users of an organization, by id, those after `after`.
    ///
    /// # Errors
    /// What is not available.
    pub async fn page_of(
        &self,
        org: OrgId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<UserPage, UserError> {
        let mut users = self.identity().users(org, after, limit + 1);
        let more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| more).map(|last| last.id);
        let mut page = UserPage { users: Vec::with_capacity(users.len()), next };
        for user in users {
            let profile = super::profile(self.shelf(), user.id, self.now()).await?;
            // One whose registration was broken off has none yet.
            let profile = profile.unwrap_or(Profile { email: "".into(), name: None, preferences: "".into() });
            page.users.push(Account { user, profile });
        }
        Ok(page)
    }

    /// Sets what a user may do from now on.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::NoRole`], or what is not available.
    pub async fn set_roles(
        &self,
        user: UserId,
        roles: Vec<UserRole>,
        by: Option<Box<str>>,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        if roles.is_empty() {
            return Err(UserError::NoRole);
        }
        self.identity().set_roles(user.id, roles, by).await?;
        let who = (user.org, Some(user.id));
        self.note(ActivityKind::Administration, Outcome::Done, who, origin, Some("roles"));
        Ok(())
    }

    /// Keeps a user from doing anything; all of its sessions and tokens end.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or what is not available.
    pub async fn disable(
        &self,
        user: UserId,
        reason: &str,
        by: Option<Box<str>>,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        self.identity().disable_user(user.id, reason, by).await?;
        self.forget_sessions(user.id).await?;
        self.forget_links(user.id).await?;
        let who = (user.org, Some(user.id));
        self.note(ActivityKind::Administration, Outcome::Done, who, origin, Some("disabled"));
        Ok(())
    }

    /// Lets a user sign in again.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or what is not available.
    pub async fn enable(&self, user: UserId, by: Option<Box<str>>, origin: &Origin) -> Result<(), UserError> {
        let user = self.known(user)?;
        self.identity().enable_user(user.id, by).await?;
        let who = (user.org, Some(user.id));
        self.note(ActivityKind::Administration, Outcome::Done, who, origin, Some("enabled"));
        Ok(())
    }
}
