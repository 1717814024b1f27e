//! What users grant to apps, and the keys that sign tokens.

use events::{
    AppAccessGranted, AppAccessRevoked, AppId, LedgerId, SigningKeyChanged, SigningKeyState, Subject, UserId,
};

use super::users::about;
use crate::identity::{
    Identity, IdentityError, Scopes,
    change::{Draft, code},
};

impl Identity {
    /// Lets an app act for a user, from now on with exactly these scopes. The same grant again changes
    /// nothing; other scopes end the tokens that were issued for the earlier ones.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such a user, or such an app in its organization, or
    /// [`IdentityError::Engine`].
    pub async fn grant_access(
        &self,
        user: UserId,
        app: AppId,
        scopes: Scopes,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let scopes: Vec<Box<str>> = scopes.iter().map(|scope| scope.as_str().into()).collect();
        self.change(actor, move |view| {
            let org = view.user(user)?.org;
            view.directory.app(app).filter(|app| app.org == org).ok_or(IdentityError::NotFound)?;
            let live = view.people.rows.last_access(user, app).filter(|row| row.revoked.is_none());
            if live.is_some_and(|row| row.scopes == scopes) {
                return Ok(None);
            }
            Ok(Some(about((user, org), Some(app), AppAccessGranted { user, app, scopes })))
        })
        .await
        .map(drop)
    }

    /// Ends what a user grants to an app, and the app's tokens for it. Nothing changes when there is no
    /// grant.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such a user, or [`IdentityError::Engine`].
    pub async fn revoke_access(
        &self,
        user: UserId,
        app: AppId,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let org = view.user(user)?.org;
            let live = view.people.rows.last_access(user, app).filter(|row| row.revoked.is_none());
            Ok(live.map(|_| about((user, org), None, AppAccessRevoked { user, app })))
        })
        .await
        .map(drop)
    }

    /// Tells how far a key that signs tokens is in its life. It never goes back; what was told already
    /// changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::BadCode`] when the `kid` is longer than 64 characters or has others than letters,
    /// digits, `-`, `_` and `.`; or [`IdentityError::Engine`].
    pub async fn signing_key_changed(
        &self,
        ledger: LedgerId,
        kid: &str,
        state: SigningKeyState,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        let kid = code(kid)?;
        self.change(actor, move |view| {
            if view.people.rows.signing_key(&kid).is_some_and(|known| known.state >= state) {
                return Ok(None);
            }
            let event = SigningKeyChanged { kid, state }.into();
            Ok(Some(Draft { org: None, subject: Subject::Ledger(ledger), app: None, event }))
        })
        .await
        .map(drop)
    }
}
