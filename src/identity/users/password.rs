//! Passwords: changed by who knows them, or set anew by who reads the user's mail.

use events::UserId;

use super::{
    Origin, PasswordHash, Purpose, UserError, Users,
    sessions::{actor, gone},
};
use crate::identity::{
    User,
    mail::{EmailAddress, Letter},
    passwords::{Password, Verdict},
    vault::{ActivityKind, Change, Draft, Kind, Outcome, Stored, VaultError},
};

impl Users {
    /// Changes a user's password. Every session ends.
    ///
    /// # Errors
    /// [`UserError::InvalidCredentials`] when the current one is wrong, [`VaultError::Conflict`] when it is
    /// not the current one any more, [`UserError::Password`] when the new one is not taken,
    /// [`UserError::Throttled`], or what is not available.
    pub async fn change_password(
        &self,
        user: UserId,
        current: &str,
        new: &str,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let user = self.known(user)?;
        let email = self.email_of(user.id).await?;
        let new = Password::chosen(new, email.as_str())?;
        let current = Password::presented(current).map_err(|_| UserError::InvalidCredentials)?;
        let now = self.parts().clock.monotonic();
        let attempt = self.shared.throttle.admit(email.as_str(), origin.address, now)?;
        let kept = self.shelf().get::<PasswordHash>(&user.id.to_string(), self.now()).await?;
        let phc = kept.as_ref().map(|kept| String::from(&*kept.value.phc));
        match self.parts().passwords.verify(current, phc).await {
            Ok(Verdict::Right { .. }) => self.shared.throttle.succeeded(attempt, now),
            Ok(Verdict::Wrong) => {
                self.failed(ActivityKind::PasswordChange, Some(&user), origin, "wrong password");
                return Err(UserError::InvalidCredentials);
            }
            Err(error) => {
                self.shared.throttle.withdrawn(attempt);
                return Err(error.into());
            }
        }
        self.set_password(&user, new, kept, Vec::new()).await?;
        self.note(ActivityKind::PasswordChange, Outcome::Done, (user.org, Some(user.id)), origin, None);
        self.mail_password_changed(email)
    }

    /// Mails a link to a new password, or, to an address without an account, a mail that says so. Which
    /// of both is done after the answer.
    ///
    /// # Errors
    /// [`UserError::Email`], [`UserError::Throttled`], or what is not available.
    pub async fn ask_reset(&self, email: &str, origin: &Origin) -> Result<(), UserError> {
        let email: EmailAddress = email.parse()?;
        self.shared.mails.admit(origin.address, self.parts().clock.monotonic())?;
        // What is not available is told; the rest is not.
        let owner = self.by_email(&email).await?;
        let (users, origin) = (self.clone(), origin.clone());
        self.later("a password reset", async move {
            if !users.shared.letters.admit(users.email_id(&email), users.parts().clock.monotonic()) {
                return Ok(());
            }
            let user = owner.and_then(|owner| users.identity().user(owner)).filter(|user| !user.disabled);
            let Some(user) = user else {
                users.failed(ActivityKind::PasswordReset, None, &origin, "nobody");
                let register = users.page("/register");
                return users.mail(Letter::NoAccount { register: &register }, email);
            };
            let (token, kept) = users.link(user.id, Purpose::Reset);
            users.shelf().commit(vec![kept], users.now()).await?;
            let who = (user.org, Some(user.id));
            users.note(ActivityKind::PasswordReset, Outcome::Done, who, &origin, Some("asked"));
            let link = users.page(&format!("/password/reset?token={}", &*token));
            users.mail(Letter::Reset { link: &link }, email)
        });
        Ok(())
    }

    /// Sets a new password by the token that was mailed. Every session ends, and the address is confirmed.
    ///
    /// # Errors
    /// [`UserError::InvalidLink`], [`UserError::Password`], or what is not available.
    pub async fn reset_password(&self, token: &str, new: &str, origin: &Origin) -> Result<(), UserError> {
        let link = self.presented_link(token, self.now()).await?;
        let Purpose::Reset = link.value.purpose else { return Err(UserError::InvalidLink) };
        let user = self.known(link.value.user).map_err(|_| UserError::InvalidLink)?;
        let email = self.email_of(user.id).await?;
        // A password that is not taken does not use the link up.
        let new = Password::chosen(new, email.as_str())?;
        let confirmed = self.confirmed(user.id, &email).await?;
        match self.set_password(&user, new, None, vec![link.taken(), confirmed]).await {
            // Two used the link at once.
            Err(UserError::Vault(VaultError::Conflict)) => return Err(UserError::InvalidLink),
            result => result?,
        }
        // After the password, or for a moment a confirmed account would have none of its owner's.
        if !user.verified {
            self.identity().verify_user(user.id, actor(user.id)).await?;
        }
        self.note(ActivityKind::PasswordReset, Outcome::Done, (user.org, Some(user.id)), origin, Some("set"));
        self.mail_password_changed(email)
    }

    /// Sets a password, over this one if one is named: a conflict when it is another one by now.
    async fn set_password(
        &self,
        user: &User,
        new: Password,
        current: Option<Stored<PasswordHash>>,
        mut changes: Vec<Change>,
    ) -> Result<(), UserError> {
        let value = PasswordHash { phc: self.parts().passwords.hash(new).await?.into() };
        self.identity().password_changed(user.id, actor(user.id)).await?;
        changes.push(match current {
            Some(current) => Stored { value, ..current }.replaced(),
            None => Change::Put(Draft::of(user.id.to_string(), Some(user.id.0), None, &value)),
        });
        changes.push(Change::DeleteOf { kind: Kind::Mail, owner: user.id.0 });
        changes.extend(gone(user.id));
        self.shelf().commit(changes, self.now()).await?;
        // Between the fact and the rows, tokens were still given out.
        self.end_until_now(user, "password-changed", actor(user.id)).await
    }

    fn mail_password_changed(&self, email: EmailAddress) -> Result<(), UserError> {
        let reset = self.page("/password/reset");
        self.mail(Letter::PasswordChanged { reset: &reset }, email)
    }
}
