//! Sessions that begin and end, and tokens that end early.

use events::{
    AppId, FamilyId, RefreshReused, SessionId, SessionRevoked, SessionVerified, SessionsRevoked, Subject,
    Time, TokenId, TokenRevoked, UserId, UserSignedIn,
};

use crate::identity::{
    Identity, IdentityError,
    change::{Draft, code},
};

impl Identity {
    /// Notes that a session began, with `method` such as `password` or `google`.
    ///
    /// # Errors
    /// [`IdentityError::BadCode`], [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn signed_in(
        &self,
        user: UserId,
        session: SessionId,
        app: Option<AppId>,
        method: &str,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let method = code(method)?;
        let event = UserSignedIn { user, session, app, method };
        self.user_fact(user, app, actor, move |_| Some(event.into())).await
    }

    /// Notes that a session's verification code was used for the first time.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn session_verified(
        &self,
        user: UserId,
        session: SessionId,
        app: Option<AppId>,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let event = SessionVerified { user, session, app };
        self.user_fact(user, app, actor, move |_| Some(event.into())).await
    }

    /// Ends a session and all of its tokens; ending it again changes nothing. `reason` is a short code such
    /// as `logout`.
    ///
    /// # Errors
    /// [`IdentityError::BadCode`], [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn revoke_session(
        &self,
        user: UserId,
        session: SessionId,
        app: Option<AppId>,
        reason: &str,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let reason = code(reason)?;
        self.change(actor, move |view| {
            let org = view.user(user)?.org;
            if view.people.rows.ended_session(session).is_some() {
                return Ok(None);
            }
            let event = SessionRevoked { user, session, app, reason };
            Ok(Some(super::users::about((user, org), app, event)))
        })
        .await
        .map(drop)
    }

    /// Ends every session and token of a user from before a time.
    ///
    /// # Errors
    /// [`IdentityError::BadCode`], [`IdentityError::NotFound`] or [`IdentityError::Engine`].
    pub async fn revoke_sessions(
        &self,
        user: UserId,
        before: Time,
        reason: &str,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let reason = code(reason)?;
        self.user_fact(user, None, actor, move |row| {
            let is_new = row.before.is_none_or(|known| known < before);
            is_new.then(|| SessionsRevoked { user, before, reason }.into())
        })
        .await
    }

    /// Ends one access token before its time, which is `until`; ending it again changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such an app, or [`IdentityError::Engine`].
    pub async fn revoke_token(
        &self,
        token: TokenId,
        app: AppId,
        user: Option<UserId>,
        until: Time,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let org = view.directory.app(app).ok_or(IdentityError::NotFound)?.org;
            if view.people.rows.ended_token(token).is_some() {
                return Ok(None);
            }
            let event = TokenRevoked { token, app, user, until }.into();
            Ok(Some(Draft { org: Some(org), subject: Subject::App(app), app: Some(app), event }))
        })
        .await
        .map(drop)
    }

    /// Notes that a refresh token came a second time, for which its whole family ended.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such an app, or [`IdentityError::Engine`].
    pub async fn refresh_reused(
        &self,
        app: AppId,
        user: Option<UserId>,
        family: FamilyId,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let org = view.directory.app(app).ok_or(IdentityError::NotFound)?.org;
            let event = RefreshReused { app, user, family }.into();
            Ok(Some(Draft { org: Some(org), subject: Subject::App(app), app: Some(app), event }))
        })
        .await
        .map(drop)
    }
}
