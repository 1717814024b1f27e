//! Changes of users.

use events::{
    AppId, OrgId, PasswordChanged, Subject, UserDisabled, UserEnabled, UserId, UserLinked, UserRegistered,
    UserRole, UserRolesSet, UserVerified,
};
use projections::UserRow;

use crate::identity::{
    Identity, IdentityError,
    change::{Draft, View, code},
};

impl View<'_> {
    /// The user, if there is one of this id.
    pub(super) fn user(&self, user: UserId) -> Result<&UserRow, IdentityError> {
        self.people.rows.user(user).ok_or(IdentityError::NotFound)
    }
}

/// A fact about a user of this organization.
pub(super) fn about(
    (user, org): (UserId, OrgId),
    app: Option<AppId>,
    event: impl Into<events::Event>,
) -> Draft {
    Draft { org: Some(org), subject: Subject::User(user), app, event: event.into() }
}

impl Identity {
    /// Registers a user of an organization, under an id of the caller's choice or a random one; `app` is
    /// the one through which it came. The same user again is the same user.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such an organization, [`IdentityError::NameTaken`] when the id
    /// is that of a user elsewhere or of a group, or [`IdentityError::Engine`].
    pub async fn register_user(
        &self,
        org: OrgId,
        user: Option<UserId>,
        app: Option<AppId>,
        actor: Option<Box<str>>,
    ) -> Result<UserId, IdentityError> {
        let user = user.unwrap_or_else(|| UserId(self.random_id()));
        self.change(actor, move |view| {
            view.directory.organization(org).ok_or(IdentityError::NotFound)?;
            if let Some(known) = view.people.rows.user(user) {
                return if known.org == org { Ok(None) } else { Err(IdentityError::NameTaken) };
            }
            // A wallet would be both's.
            if view.people.rows.group(events::GroupId(user.0)).is_some() {
                return Err(IdentityError::NameTaken);
            }
            Ok(Some(about((user, org), app, UserRegistered { user, organization: org })))
        })
        .await?;
        Ok(user)
    }

    /// Says what a user may do from now on.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn set_roles(
        &self,
        user: UserId,
        roles: impl IntoIterator<Item = UserRole>,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let mut roles: Vec<UserRole> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        self.user_fact(user, None, actor, move |row| {
            (row.roles != roles).then(|| UserRolesSet { user, roles }.into())
        })
        .await
    }

    /// Notes that a user's mail reaches it.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn verify_user(&self, user: UserId, actor: Option<Box<str>>) -> Result<(), IdentityError> {
        let event = move |row: &UserRow| row.verified.is_none().then(|| UserVerified { user }.into());
        self.user_fact(user, None, actor, event).await
    }

    /// Lets a user do nothing until it is enabled again; all of its sessions and tokens end. `reason` is a
    /// short code.
    ///
    /// # Errors
    /// [`IdentityError::BadCode`], [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn disable_user(
        &self,
        user: UserId,
        reason: &str,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let reason = code(reason)?;
        let event = move |row: &UserRow| row.disabled.is_none().then(|| UserDisabled { user, reason }.into());
        self.user_fact(user, None, actor, event).await
    }

    /// Lets a user sign in again.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn enable_user(&self, user: UserId, actor: Option<Box<str>>) -> Result<(), IdentityError> {
        let event = move |row: &UserRow| row.disabled.is_some().then(|| UserEnabled { user }.into());
        self.user_fact(user, None, actor, event).await
    }

    /// Notes that a user may sign in through a provider, such as `google`, as well.
    ///
    /// # Errors
    /// [`IdentityError::BadCode`], [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn link_user(
        &self,
        user: UserId,
        provider: &str,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let provider = code(provider)?;
        self.user_fact(user, None, actor, move |row| {
            (!row.providers.contains(&provider)).then(|| UserLinked { user, provider }.into())
        })
        .await
    }

    /// Notes that a user has another password; all of its sessions and tokens of before end.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn password_changed(&self, user: UserId, actor: Option<Box<str>>) -> Result<(), IdentityError> {
        self.user_fact(user, None, actor, move |_| Some(PasswordChanged { user }.into())).await
    }

    /// Records what `event` makes of a user that is there.
    pub(super) async fn user_fact(
        &self,
        user: UserId,
        app: Option<AppId>,
        actor: Option<Box<str>>,
        event: impl FnOnce(&UserRow) -> Option<events::Event> + Send + 'static,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let row = view.user(user)?;
            Ok(event(row).map(|event| about((user, row.org), app, event)))
        })
        .await
        .map(drop)
    }
}
