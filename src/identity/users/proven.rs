//! Who proved to be a user by its password: what follows counts for as long as that password does.

use std::fmt;

use super::{EmailOwner, Lives, Origin, PasswordHash, Session, UserError, Users};
use crate::identity::{
    User,
    mail::EmailAddress,
    passwords::{Password, Verdict},
    throttle::Attempt,
    vault::{ActivityKind, Outcome, Stored, VaultError},
};
use events::SessionId;

/// Comparisons at once, while logins elsewhere hash the same password anew: more find the account busy.
const ATTEMPTS: usize = 4;

/// Somebody whose password was right, and which one that was. Much may happen between the comparison, which
/// waits for its turn, and what it was for: see [`Users::begin_by_password`].
pub struct Proven {
    user: User,
    password: Stored<PasswordHash>,
}

impl Proven {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// Whose an address is, and the password when it was the right one.
type Compared = (Option<User>, Option<Stored<PasswordHash>>);

impl Users {
    /// The user with this address and this password. It takes as long when there is none.
    ///
    /// # Errors
    /// [`UserError::Throttled`]; [`UserError::InvalidCredentials`], also when the address is not confirmed;
    /// with the right password, [`UserError::Disabled`]; what is not available.
    pub async fn check_password(
        &self,
        email: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<Proven, UserError> {
        let (now, password) = (self.parts().clock.monotonic(), Password::presented(password));
        let password = password.map_err(|_| UserError::InvalidCredentials)?;
        let attempt = self.shared.throttle.admit(email, origin.address, now)?;
        match self.compare(email, password).await {
            Ok((user, Some(password))) => self.admitted(user, password, attempt, origin),
            Ok((user, None)) => {
                let confirmed = user.as_ref().is_none_or(|user| user.verified);
                let detail = if confirmed { "wrong password" } else { "address not confirmed" };
                self.failed(ActivityKind::SignIn, user.as_ref(), origin, detail);
                Err(UserError::InvalidCredentials)
            }
            Err(error) => {
                // Nothing was learned about the password.
                self.shared.throttle.withdrawn(attempt);
                Err(error)
            }
        }
    }

    async fn compare(&self, email: &str, password: Password) -> Result<Compared, UserError> {
        for _ in 0..ATTEMPTS {
            match self.compared(email, password.clone()).await {
                // It was set or hashed anew meanwhile: what is right now is another matter.
                Err(UserError::Vault(VaultError::Conflict)) => {}
                result => return result,
            }
        }
        Err(UserError::Busy)
    }

    /// Whose the address is, and whether the password is right. None is until the address is confirmed:
    /// who registers somebody's address and tries the password learns nothing of an account there.
    async fn compared(&self, email: &str, password: Password) -> Result<Compared, UserError> {
        let (mut user, mut kept) = (None, None);
        // What is no address is nobody's, and looked up all the same.
        let id = match email.parse::<EmailAddress>() {
            Ok(email) => self.email_id(&email),
            Err(_) => "".into(),
        };
        match self.shelf().get::<EmailOwner>(&id, self.now()).await? {
            Some(owner) => {
                user = self.identity().user(owner.value.user);
                let id = owner.value.user.to_string();
                let found = self.shelf().get::<PasswordHash>(&id, self.now()).await?;
                kept = found.filter(|_| user.as_ref().is_some_and(|user| user.verified));
            }
            // As many questions to the database as for somebody.
            None => drop(self.shelf().get::<PasswordHash>(&id, self.now()).await?),
        }
        let phc = kept.as_ref().map(|kept| String::from(&*kept.value.phc));
        let right = match self.parts().passwords.verify(password.clone(), phc).await? {
            Verdict::Wrong => None,
            Verdict::Right { rehash: false } => kept,
            Verdict::Right { rehash: true } => match kept {
                Some(kept) => Some(self.rehashed(kept, password).await?),
                None => None,
            },
        };
        Ok((user, right))
    }

    /// The same password, kept at today's cost; a conflict when it is another one by now.
    async fn rehashed(
        &self,
        kept: Stored<PasswordHash>,
        password: Password,
    ) -> Result<Stored<PasswordHash>, UserError> {
        let phc = self.parts().passwords.hash(password).await?.into();
        let anew = Stored { value: PasswordHash { phc }, ..kept };
        self.shelf().replace(&anew, self.now()).await?;
        Ok(Stored { version: anew.version + 1, ..anew })
    }

    /// The password was right; now the user must be one who may sign in.
    fn admitted(
        &self,
        user: Option<User>,
        password: Stored<PasswordHash>,
        attempt: Attempt,
        origin: &Origin,
    ) -> Result<Proven, UserError> {
        self.shared.throttle.succeeded(attempt, self.parts().clock.monotonic());
        let user = user.filter(|user| user.verified).ok_or(UserError::InvalidCredentials)?;
        if user.disabled {
            self.failed(ActivityKind::SignIn, Some(&user), origin, "disabled");
            Err(UserError::Disabled)
        } else {
            Ok(Proven { user, password })
        }
    }

    /// Begins a session by a password, if that is still the user's once the session is there: who sets
    /// another one ends the sessions there are, and this one would come after.
    ///
    /// # Errors
    /// [`UserError::InvalidCredentials`] when it is not, [`UserError::Disabled`], or what is not available.
    pub async fn begin_by_password(
        &self,
        proven: &Proven,
        origin: &Origin,
        lives: Lives,
    ) -> Result<(SessionId, Session), UserError> {
        let Proven { user, password } = proven;
        let begun = self.start(user, "password", None, origin, lives).await?;
        let kept = self.shelf().get::<PasswordHash>(&password.id, self.now()).await?;
        let (detail, error) = if kept.as_ref() != Some(password) {
            ("password changed meanwhile", UserError::InvalidCredentials)
        } else if self.known(user.id)?.disabled {
            ("disabled", UserError::Disabled)
        } else {
            let who = (user.org, Some(user.id));
            self.note(ActivityKind::SignIn, Outcome::Done, who, origin, Some("password"));
            return Ok(begun);
        };
        self.end(user, begun.0, None, "password-changed").await?;
        self.failed(ActivityKind::SignIn, Some(user), origin, detail);
        Err(error)
    }
}
