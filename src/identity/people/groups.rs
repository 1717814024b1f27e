//! Changes of groups.

use events::{
    GroupId, GroupMemberAdded, GroupMemberRemoved, GroupRegistered, GroupRole, OrgId, Subject, UserId,
};

use super::Group;
use crate::identity::{
    Identity, IdentityError,
    change::{Draft, checked},
};

fn about(group: GroupId, org: OrgId, event: impl Into<events::Event>) -> Option<Draft> {
    Some(Draft { org: Some(org), subject: Subject::Group(group), app: None, event: event.into() })
}

impl Identity {
    /// Registers a group of an organization.
    ///
    /// # Errors
    /// [`IdentityError::BadName`], [`IdentityError::NameTaken`], [`IdentityError::NotFound`] without such
    /// an organization, or [`IdentityError::Engine`].
    pub async fn register_group(
        &self,
        org: OrgId,
        name: &str,
        actor: Option<Box<str>>,
    ) -> Result<Group, IdentityError> {
        let (group, name) = (GroupId(self.random_id()), checked(name)?);
        self.change(actor, move |view| {
            view.directory.organization(org).ok_or(IdentityError::NotFound)?;
            if view.people.group_named(org, &name).is_some() {
                return Err(IdentityError::NameTaken);
            }
            Ok(about(group, org, GroupRegistered { group, organization: org, name }))
        })
        .await?;
        self.group(group).ok_or(IdentityError::NotFound)
    }

    /// Takes a user into a group, or gives a member another role.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such a group, or such a user in its organization, or
    /// [`IdentityError::Engine`].
    pub async fn add_member(
        &self,
        group: GroupId,
        user: UserId,
        role: GroupRole,
        added_by: Option<UserId>,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let org = view.people.rows.group(group).ok_or(IdentityError::NotFound)?.org;
            if view.user(user)?.org != org {
                return Err(IdentityError::NotFound);
            }
            let live = view.people.rows.last_membership(group, user).filter(|row| row.removed.is_none());
            if live.is_some_and(|row| row.role == role) {
                return Ok(None);
            }
            Ok(about(group, org, GroupMemberAdded { group, user, role, added_by }))
        })
        .await
        .map(drop)
    }

    /// Takes a user out of a group. Nothing changes when it is not in it.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such a group, or [`IdentityError::Engine`].
    pub async fn remove_member(
        &self,
        group: GroupId,
        user: UserId,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let org = view.people.rows.group(group).ok_or(IdentityError::NotFound)?.org;
            let live = view.people.rows.last_membership(group, user).filter(|row| row.removed.is_none());
            Ok(live.and_then(|_| about(group, org, GroupMemberRemoved { group, user })))
        })
        .await
        .map(drop)
    }
}
