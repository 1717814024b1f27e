//! A code that was carried over is presented. Whoever does that lets the app in: until then, a sign-in has
//! granted nothing.

use events::{AppId, SessionId, Time, UserId};

use super::{
    Desk, SignInError, VerificationCode,
    accounts::{METHOD, actor},
    kept::{Carried, Way},
};
use crate::identity::{
    Client, Denial, Scopes,
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
    /// Whose the code is, and until when. The first use lets the app in, and prolongs the session.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`] for every code that does not count, [`SignInError::Throttled`] for an unknown
    /// one of whoever presented too many of those, or what is not available.
    pub async fn verify(&self, presented: &str, origin: &Origin) -> Result<VerifiedSession, SignInError> {
        let found = self.verify_code(presented, origin).await;
        let verified = self.counted(found, origin);
        // Refusals are counted and no more: who presents codes is nobody whose rows should fill the database.
        let outcome = match &verified {
            Ok(_) => "done",
            Err(SignInError::InvalidCode) => "refused",
            Err(SignInError::Throttled(_)) => "throttled",
            Err(_) => "failed",
        };
        metrics::counter!(super::VERIFICATIONS_TOTAL, "outcome" => outcome).increment(1);
        verified
    }

    /// Exchanges a code that was sent to the front end, once. The app that it is for is let in when the front
    /// end itself began the sign-in, which a challenge proves, and when the app needs nobody's consent.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub async fn exchange(
        &self,
        presented: &str,
        verifier: Option<&str>,
        origin: &Origin,
    ) -> Result<Exchanged, SignInError> {
        let found = self.exchange_code(presented, verifier, origin).await;
        self.counted(found, origin)
    }

    /// Counts unknown codes by address. Known ones pass however many of them came from there: one can't be
    /// guessed, and many of an app's users come from its server.
    fn counted<T>(&self, found: Result<Option<T>, SignInError>, origin: &Origin) -> Result<T, SignInError> {
        if let Some(found) = found? {
            return Ok(found);
        }
        let monotonic = self.parts().clock.monotonic();
        self.guesses().admit(origin.address, monotonic)?;
        if self.guesses().check(origin.address, monotonic).is_err() {
            self.alert("codes_guessed", None, origin);
        }
        Err(SignInError::InvalidCode)
    }

    async fn exchange_code(
        &self,
        presented: &str,
        verifier: Option<&str>,
        origin: &Origin,
    ) -> Result<Option<Exchanged>, SignInError> {
        let Ok(code) = format!("VERIFIED-{presented}").parse::<VerificationCode>() else { return Ok(None) };
        let (id, now) = (self.code_id(&code), self.now());
        let Some(stored) = self.parts().shelf.get::<Carried>(&id, now).await? else { return Ok(None) };
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
        if !proved {
            return Err(SignInError::InvalidCode);
        }
        self.must_live(&stored.value)?;
        let Carried { user, app, .. } = stored.value;
        if let Some(app) = app {
            let client = self.live_client(app)?;
            // Without a challenge a link that anybody sent may have begun it.
            if challenge.is_some() || client.first_party {
                self.let_in(user, &client, origin).await?;
            }
        }
        Ok(Some(Exchanged { user, app }))
    }

    async fn verify_code(
        &self,
        presented: &str,
        origin: &Origin,
    ) -> Result<Option<VerifiedSession>, SignInError> {
        let Ok(code) = presented.parse::<VerificationCode>() else { return Ok(None) };
        let (id, shelf) = (self.code_id(&code), &self.parts().shelf);
        // A second round, when another request used it first at the same time.
        for _ in 0..2 {
            let now = self.now();
            let Some(stored) = shelf.get::<Carried>(&id, now).await? else { return Ok(None) };
            let Carried { user, app, ref way, .. } = stored.value;
            let &Way::Shown { session, used } = way else { return Err(SignInError::InvalidCode) };
            self.must_live(&stored.value)?;
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
            let name = name.flatten();
            return Ok(Some(VerifiedSession { user, email, name, session, app, expires }));
        }
        Err(VaultError::Conflict.into())
    }

    /// Lets the app in, and makes the code and its session live on.
    async fn first_use(
        &self,
        mut code: Stored<Carried>,
        mut row: Stored<Session>,
        session: SessionId,
        origin: &Origin,
    ) -> Result<Time, SignInError> {
        let (user, app) = (code.value.user, code.value.app);
        let identity = &self.parts().identity;
        if let Some(app) = app {
            self.let_in(user, &self.live_client(app)?, origin).await?;
        }
        // Not before what was granted, which ends everything from before it.
        let granted = app.and_then(|app| identity.access(user, app)).map(|access| access.granted);
        let now = self.now();
        code.value.began = granted.map_or(now, |granted| now.max(granted));
        code.value.way = Way::Shown { session, used: Some(now) };
        let ends = now.plus_micros(SESSION_MICROS);
        identity.session_verified(user, session, app, actor(user)).await?;
        (code.expires, row.expires, row.value.ends, row.value.seen) = (Some(ends), Some(ends), ends, now);
        self.parts().shelf.commit(vec![code.replaced(), row.replaced()], now).await?;
        let what = (ActivityKind::SessionVerification, Outcome::Done, "first_use");
        self.note(what, (Some(user), app), origin);
        Ok(ends)
    }

    /// Grants the app what it is registered for and people may grant, unless it has that already.
    async fn let_in(&self, user: UserId, app: &Client, origin: &Origin) -> Result<(), SignInError> {
        let identity = &self.parts().identity;
        let theirs: Scopes = app.scopes.iter().filter(|scope| scope.is_for_customers()).collect();
        let has = identity.access(user, app.app).map(|access| access.scopes);
        if has.is_some_and(|has| theirs.iter().all(|scope| has.contains(scope))) {
            return Ok(());
        }
        let all = has.into_iter().flat_map(Scopes::iter).chain(theirs.iter()).collect();
        identity.grant_access(user, app.app, all, actor(user)).await?;
        let what = (ActivityKind::AccessGrant, Outcome::Done, METHOD);
        self.note(what, (Some(user), Some(app.app)), origin);
        Ok(())
    }

    /// The app as a client that may do something.
    fn live_client(&self, app: AppId) -> Result<Client, SignInError> {
        let client = self.parts().identity.client(app).filter(|client| !client.disabled);
        client.ok_or(SignInError::InvalidCode)
    }

    /// Refuses what was revoked since it began. Access for the app is asked for from the first use on: until
    /// then nobody has granted any.
    fn must_live(&self, code: &Carried) -> Result<(), SignInError> {
        let (identity, &Carried { user, app, began, .. }) = (&self.parts().identity, code);
        let (session, used) = match code.way {
            Way::Shown { session, used } => (Some(session), used.is_some()),
            Way::Sent { .. } => (None, false),
        };
        let disabled = identity.user(user).is_none_or(|user| user.disabled);
        let left = app.is_some_and(|app| match used {
            true => identity.access(user, app).is_none(),
            false => identity.access_taken_back(user, app, began),
        });
        let app = app.filter(|_| used);
        let denial = Denial { token: None, session, user: Some(user), app, issued: began };
        if disabled || left || identity.denied(&denial) { Err(SignInError::InvalidCode) } else { Ok(()) }
    }
}
