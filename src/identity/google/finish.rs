//! A browser comes back from the provider.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use events::{AppId, SessionId, Time, UserId};
use reqwest::Url;
use zeroize::Zeroizing;

use super::{
    Desk, Person, SignInError, VerificationCode,
    accounts::{METHOD, actor},
    begin::hex,
    kept::{Away, Carried, Goal, Way},
};
use crate::identity::{
    Client, User,
    throttle::Subnet,
    users::{Origin, Session},
    vault::{ActivityKind, Change, Draft, Outcome},
};

/// How long a code may wait for its first use.
pub(super) const FIRST_USE_MICROS: i64 = 600 * 1_000_000;
/// How long a code that was sent to the front end may wait.
const SENT_MICROS: i64 = 120 * 1_000_000;

/// What the provider sent the browser back with.
#[derive(Clone, Copy)]
pub struct Return<'a> {
    /// The state.
    pub state: &'a str,
    /// The code, if the provider gave one.
    pub code: Option<&'a str>,
    /// Who the provider says it is.
    pub iss: Option<&'a str>,
    /// The browser's cookie.
    pub cookie: Option<&'a str>,
    /// Who is signed in at this browser already.
    pub signed_in: Option<UserId>,
}

/// A sign-in that is done.
pub struct Done {
    /// Who signed in.
    pub user: UserId,
    /// With which address at the provider.
    pub email: Box<str>,
    /// The app that it is for.
    pub app: Option<Client>,
    /// What is to come of it.
    pub outcome: Outgoing,
}

/// What comes of a sign-in.
pub enum Outgoing {
    /// A code to be shown.
    Shown {
        /// `VERIFIED-…`.
        code: Zeroizing<String>,
        /// Until when it must be used first.
        until: Time,
    },
    /// The URL of a page, with a code in it that the page exchanges.
    Sent(Zeroizing<String>),
    /// The browser is to be signed in, and goes on at this path of ours.
    Entered {
        /// The path.
        next: Box<str>,
    },
}

impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Done").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Desk {
    /// Finishes the sign-in of a browser that comes back.
    ///
    /// # Errors
    /// As [`SignInError`] says. A state is good for one attempt, however it ends.
    pub async fn finish(&self, back: Return<'_>, origin: &Origin) -> Result<Done, SignInError> {
        let away = self.taken(back.state, origin).await.inspect_err(|_| Self::count("refused"))?;
        let left_for = away.app;
        let done = self.attempt(away, back, origin).await;
        match &done {
            Ok(done) => {
                Self::count("completed");
                // Many people may sign in from one address, so long as they do.
                self.beginnings().pardon(origin.address);
                let app = done.app.as_ref().map(|app| app.app);
                self.note((ActivityKind::SignIn, Outcome::Done, METHOD), (Some(done.user), app), origin);
            }
            Err(error) => {
                Self::count("refused");
                let why = word(error);
                self.note((ActivityKind::SignIn, Outcome::Refused, why), (None, left_for), origin);
            }
        }
        done
    }

    /// Takes the state that a browser left with: of all who come with it, one gets it. Of states that are none
    /// nothing is kept but a count: anybody can make them up, as many as they like.
    async fn taken(&self, state: &str, origin: &Origin) -> Result<Away, SignInError> {
        self.google()?;
        let monotonic = self.parts().clock.monotonic();
        self.returns().check(origin.address, monotonic)?;
        let away = self.parts().shelf.take::<Away>(&self.state_id(state), self.now()).await?;
        let Some(away) = away else {
            self.returns().strike(origin.address, monotonic);
            return Err(SignInError::UnknownState);
        };
        Ok(away.value)
    }

    async fn attempt(&self, away: Away, back: Return<'_>, origin: &Origin) -> Result<Done, SignInError> {
        let google = self.google()?;
        self.must_be_back(&away, back, origin)?;
        let monotonic = self.parts().clock.monotonic();
        let believed = google.must_be_of(back.iss, monotonic).await;
        believed.inspect_err(|error| {
            if matches!(error, super::GoogleError::MixUp) {
                self.alert("provider_mix_up", away.app, origin);
            }
        })?;
        let code = back.code.ok_or(SignInError::Declined)?;
        let person = google.redeem(code, &away.nonce, &away.pkce, self.now(), monotonic).await;
        let person = person.inspect_err(|error| {
            tracing::info!(%error, "the provider's answer was not accepted");
            if matches!(error, super::GoogleError::Token(fault) if *fault != super::TokenFault::Unconfirmed) {
                self.alert("forged_id_token", away.app, origin);
            }
        })?;
        // The app may have been disabled meanwhile.
        let app = match away.app {
            Some(app) => {
                let client = self.parts().identity.client(app).filter(|client| !client.disabled);
                Some(client.ok_or(SignInError::UnknownKey)?)
            }
            None => None,
        };
        let user = self.account(&person, away.org, away.app, back.signed_in).await?;
        if app.is_some() && user.org != away.org {
            return Err(SignInError::OtherOrganization);
        }
        self.enter(user, &person, app, &away, origin).await
    }

    /// Refuses another browser than the one that left, and another place.
    fn must_be_back(&self, away: &Away, back: Return<'_>, origin: &Origin) -> Result<(), SignInError> {
        let cookie = self.hash("browser at provider", &[back.cookie.unwrap_or_default()]);
        if verify_slices_are_equal(&cookie.0, &away.browser.0).is_err() {
            self.alert("foreign_state", away.app, origin);
            return Err(SignInError::UnknownState);
        }
        if Subnet::of(away.address) != Subnet::of(origin.address) {
            self.alert("address_changed", away.app, origin);
            return Err(SignInError::Elsewhere);
        }
        if away.agent != origin.agent {
            self.alert("agent_changed", away.app, origin);
            return Err(SignInError::Elsewhere);
        }
        Ok(())
    }

    /// Records that the user is in. It lets no app in: a link can lead anybody here, without a question. Who
    /// uses the code does.
    async fn enter(
        &self,
        user: User,
        person: &Person,
        app: Option<Client>,
        away: &Away,
        origin: &Origin,
    ) -> Result<Done, SignInError> {
        let identity = &self.parts().identity;
        let app_id = app.as_ref().map(|app| app.app);
        // Not before what was granted, which ends everything from before it.
        let granted = app_id.and_then(|app| identity.access(user.id, app)).map(|access| access.granted);
        let now = granted.map_or(self.now(), |granted| self.now().max(granted));
        let outcome = match &away.goal {
            Goal::Show => self.show(user.id, app_id, now, origin).await?,
            Goal::Send { page, challenge } => {
                let way = Way::Sent { challenge: challenge.clone() };
                let carried = Carried { user: user.id, app: app_id, began: now, way };
                let (code, _) = self.keep(&carried, SENT_MICROS, Vec::new()).await?;
                Outgoing::Sent(with_code(page, code.secret()).ok_or(SignInError::NoFrontEnd)?)
            }
            Goal::Enter { next } => Outgoing::Entered { next: next.clone() },
        };
        Ok(Done { user: user.id, email: person.email.as_str().into(), app, outcome })
    }

    /// Makes a code to be shown, and its session.
    async fn show(
        &self,
        user: UserId,
        app: Option<AppId>,
        began: Time,
        origin: &Origin,
    ) -> Result<Outgoing, SignInError> {
        let identity = &self.parts().identity;
        let session = SessionId(identity.random_id());
        let carried = Carried { user, app, began, way: Way::Shown { session, used: None } };
        identity.signed_in(user, session, app, METHOD, actor(user)).await?;
        let ends = began.plus_micros(FIRST_USE_MICROS);
        let row = Change::Insert(session_row(session, user, app, began, ends, origin));
        let (code, until) = self.keep(&carried, FIRST_USE_MICROS, vec![row]).await?;
        Ok(Outgoing::Shown { code: code.shown(), until })
    }

    /// Keeps what a new code stands for; gives the code, and until when it counts.
    async fn keep(
        &self,
        carried: &Carried,
        life_micros: i64,
        mut changes: Vec<Change>,
    ) -> Result<(VerificationCode, Time), SignInError> {
        let code = VerificationCode::draw(&mut **self.parts().identity.shared.entropy());
        let until = carried.began.plus_micros(life_micros);
        let row = Draft::of(self.code_id(&code), Some(carried.user.0), Some(until), carried);
        changes.push(Change::Insert(row));
        self.parts().shelf.commit(changes, self.now()).await?;
        Ok((code, until))
    }

    /// The row of a code.
    pub(super) fn code_id(&self, code: &VerificationCode) -> Box<str> {
        hex(&self.hash("verification code", &[code.secret()]))
    }
}

fn session_row(
    id: SessionId,
    user: UserId,
    app: Option<AppId>,
    now: Time,
    ends: Time,
    origin: &Origin,
) -> Draft {
    let session = Session {
        method: METHOD.into(),
        app,
        started: now,
        seen: now,
        address: Some(origin.address),
        agent: origin.agent.clone(),
        chain: None,
        ends,
    };
    Draft::of(id.to_string(), Some(user.0), Some(ends), &session)
}

/// A page's address with the code in it.
fn with_code(page: &str, code: &str) -> Option<Zeroizing<String>> {
    let mut url = Url::parse(page).ok()?;
    url.query_pairs_mut().append_pair("code", code);
    Some(Zeroizing::new(url.into()))
}

/// A word on why a sign-in was refused.
const fn word(error: &SignInError) -> &'static str {
    match error {
        SignInError::NotSetUp => "not_set_up",
        SignInError::UnknownKey => "unknown_app",
        SignInError::NoFrontEnd => "no_front_end",
        SignInError::BadChallenge => "bad_challenge",
        SignInError::Throttled(_) => "throttled",
        SignInError::UnknownState => "unknown_state",
        SignInError::Elsewhere => "came_from_elsewhere",
        SignInError::Declined => "declined",
        SignInError::Provider(_) => "provider",
        SignInError::AddressTaken => "address_taken",
        SignInError::Disabled => "disabled",
        SignInError::OtherOrganization => "other_organization",
        SignInError::InvalidCode => "invalid_code",
        SignInError::Vault(_) | SignInError::Identity(_) | SignInError::Users(_) => "unavailable",
    }
}
