//! What administrators do with users.

use events::{OrgId, UserId, UserRole};

use super::{Account, Origin, Profile, UserError, Users};
use crate::identity::vault::{ActivityKind, Outcome};

/// Rows that are looked at for one page of users.
const LOOKED_AT: usize = 200;

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
        let mut page = UserPage::default();
        let mut after = after.map(|user| user.to_string());
        loop {
            let rows = self.shelf().all::<Profile>(after.as_deref(), LOOKED_AT, self.now()).await?;
            let whole = rows.len() < LOOKED_AT;
            for row in rows {
                let user = row.id.parse().ok().and_then(|id| self.identity().user(UserId(id)));
                if let Some(user) = user.filter(|user| user.org == org) {
                    if page.users.len() == limit {
                        page.next = page.users.last().map(|last| last.user.id);
                        return Ok(page);
                    }
                    page.users.push(Account { user, profile: row.value });
                }
                after = Some(row.id.into());
            }
            if whole {
                return Ok(page);
            }
        }
    }

    /// Sets what a user may do from now on.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::NoRole`], or what is not available.
    pub async fn set_roles(
        &self,
        user: UserId,
        mut roles: Vec<UserRole>,
        by: Option<Box<str>>,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        roles.sort_unstable();
        roles.dedup();
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
    pub async fn enable(
        &self,
        user: UserId,
        by: Option<Box<str>>,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        self.identity().enable_user(user.id, by).await?;
        let who = (user.org, Some(user.id));
        self.note(ActivityKind::Administration, Outcome::Done, who, origin, Some("enabled"));
        Ok(())
    }
}
