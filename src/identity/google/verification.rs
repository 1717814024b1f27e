//! A code that was carried over is presented.

use events::{AppId, SessionId, Time, UserId};

use super::{
    Desk, SignInError, VerificationCode,
    accounts::actor,
    kept::{Carried, Way},
};
use crate::identity::{
    Denial,
    users::{Origin, Session, profile},
    vault::{ActivityKind, Outcome, Stored, VaultError},
};

/// How long a session lives from the first use of its code.
const SESSION_MICROS: i64 = 7 * 86_400 * 1_000_000;

/// A session that a code opened.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedSession {
    /// Who signed in.
    pub user: UserId,
    /// Their address, if it is known.
    pub email: Option<Box<str>>,
    /// Their name, if it is known.
    pub name: Option<Box<str>>,
    /// The session.
    pub session: SessionId,
    /// The app that it is for.
    pub app: Option<AppId>,
    /// When it ends.
    pub expires: Time,
}

impl std::fmt::Debug for VerifiedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedSession").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Somebody who signed in and whose code was exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchanged {
    /// The user.
    pub user: UserId,
    /// The app that it is for.
    pub app: Option<AppId>,
}

impl Desk {
    /// Whose the code is, and until when. The first use prolongs the session.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`] for every code that does not count, [`SignInError::Throttled`] for whoever
    /// presented too many of them, or what is not available.
    pub async fn verify(&self, presented: &str, origin: &Origin) -> Result<VerifiedSession, SignInError> {
        let verified = self.limited(origin, self.verify_code(presented, origin)).await;
        let outcome = match &verified {
            Ok(_) => "done",
            Err(SignInError::InvalidCode) => "refused",
            Err(SignInError::Throttled(_)) => "throttled",
            Err(_) => "failed",
        };
        metrics::counter!(super::VERIFICATIONS_TOTAL, "outcome" => outcome).increment(1);
        if let Err(SignInError::InvalidCode) = &verified {
            let what = (ActivityKind::SessionVerification, Outcome::Refused, "invalid_code");
            self.note(what, (None, None), origin);
        }
        verified
    }

    /// Exchanges a code that was sent to the front end, once.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub async fn exchange(
        &self,
        presented: &str,
        verifier: Option<&str>,
        origin: &Origin,
    ) -> Result<Exchanged, SignInError> {
        let exchanging = async {
            let code = format!("VERIFIED-{presented}").parse::<VerificationCode>();
            let code = code.map_err(|_| SignInError::InvalidCode)?;
            let (id, now) = (self.code_id(&code), self.now());
            let stored = self.parts().shelf.get::<Carried>(&id, now).await?;
            let stored = stored.ok_or(SignInError::InvalidCode)?;
            let Way::Sent { challenge } = &stored.value.way else { return Err(SignInError::InvalidCode) };
            match self.parts().shelf.commit(vec![stored.taken()], now).await {
                Ok(()) => {}
                Err(VaultError::Conflict) => return Err(SignInError::InvalidCode),
                Err(error) => return Err(error.into()),
            }
            let proved = match (challenge, verifier) {
                (Some(challenge), Some(verifier)) => challenge.accepts(verifier),
                (Some(_), None) => false,
                (None, _) => true,
            };
            let Carried { user, app, began, .. } = stored.value;
            if !proved {
                return Err(SignInError::InvalidCode);
            }
            self.must_live(user, app, None, began)?;
            Ok(Exchanged { user, app })
        };
        self.limited(origin, exchanging).await
    }

    /// Counts wrong codes by address.
    async fn limited<T>(
        &self,
        origin: &Origin,
        attempt: impl Future<Output = Result<T, SignInError>>,
    ) -> Result<T, SignInError> {
        let monotonic = self.parts().clock.monotonic();
        self.guesses().check(origin.address, monotonic)?;
        let result = attempt.await;
        if matches!(result, Err(SignInError::InvalidCode)) {
            self.guesses().strike(origin.address, monotonic);
            if self.guesses().check(origin.address, monotonic).is_err() {
                self.alert("codes_guessed", None, origin);
            }
        }
        result
    }

    async fn verify_code(&self, presented: &str, origin: &Origin) -> Result<VerifiedSession, SignInError> {
        let code: VerificationCode = presented.parse().map_err(|_| SignInError::InvalidCode)?;
        let (id, shelf) = (self.code_id(&code), &self.parts().shelf);
        // A second round, when another request used it first at the same time.
        for _ in 0..2 {
            let now = self.now();
            let stored = shelf.get::<Carried>(&id, now).await?.ok_or(SignInError::InvalidCode)?;
            let Carried { user, app, began, way } = stored.value.clone();
            let Way::Shown { session, used } = way else { return Err(SignInError::InvalidCode) };
            self.must_live(user, app, Some(session), began)?;
            // Ends of sessions are facts that are forgotten after a while; whoever ended this one has taken
            // its row away for good.
            let row = shelf.get::<Session>(&session.to_string(), now).await?;
            let row = row.ok_or(SignInError::InvalidCode)?;
            let expires = match (used, stored.expires) {
                (Some(_), Some(expires)) => expires,
                _ => match self.first_use(stored, row, session, origin).await {
                    Ok(expires) => expires,
                    Err(SignInError::Vault(VaultError::Conflict)) => continue,
                    Err(error) => return Err(error),
                },
            };
            let profile = profile(shelf, user, now).await?;
            let (email, name) = profile.map(|profile| (profile.email, profile.name)).unzip();
            return Ok(VerifiedSession { user, email, name: name.flatten(), session, app, expires });
        }
        Err(VaultError::Conflict.into())
    }

    /// Makes the code and its session live on.
    async fn first_use(
        &self,
        mut code: Stored<Carried>,
        mut row: Stored<Session>,
        session: SessionId,
        origin: &Origin,
    ) -> Result<Time, SignInError> {
        let (now, shelf) = (self.now(), &self.parts().shelf);
        let (user, app) = (code.value.user, code.value.app);
        let ends = now.plus_micros(SESSION_MICROS);
        self.parts().identity.session_verified(user, session, app, actor(user)).await?;
        code.value.way = Way::Shown { session, used: Some(now) };
        (code.expires, row.expires, row.value.ends, row.value.seen) = (Some(ends), Some(ends), ends, now);
        shelf.commit(vec![code.replaced(), row.replaced()], now).await?;
        let what = (ActivityKind::SessionVerification, Outcome::Done, "first_use");
        self.note(what, (Some(user), app), origin);
        Ok(ends)
    }

    /// Refuses what was revoked since it began.
    fn must_live(
        &self,
        user: UserId,
        app: Option<AppId>,
        session: Option<SessionId>,
        began: Time,
    ) -> Result<(), SignInError> {
        let identity = &self.parts().identity;
        let disabled = identity.user(user).is_none_or(|user| user.disabled);
        let denial = Denial { token: None, session, user: Some(user), app, issued: began };
        let left = app.is_some_and(|app| identity.access(user, app).is_none());
        if disabled || left || identity.denied(&denial) { Err(SignInError::InvalidCode) } else { Ok(()) }
    }
}
