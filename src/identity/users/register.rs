//! Registering.

use events::{AppId, Asked, Operation, OrgId, UserId, WalletId};
use ledger::Command;

use super::{EmailOwner, Origin, Profile, Purpose, UserError, Users};
use crate::{
    engine::{Ask, EngineError, command_id, request_hash},
    identity::{
        mail::{EmailAddress, Letter},
        passwords::Password,
        vault::{ActivityKind, Change, Draft, Outcome, VaultError},
    },
};

const NAME_CHARS_MAX: usize = 100;

/// Who wants to be a user.
#[derive(Clone, Copy)]
pub struct Registration<'a> {
    /// The address, as it was typed.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The name, if one was told.
    pub name: Option<&'a str>,
    /// In which organization.
    pub org: OrgId,
    /// Through which app, if through one.
    pub app: Option<AppId>,
    /// Where the user goes on once the address is confirmed; empty for nowhere.
    pub next: &'a str,
}

impl Users {
    /// Takes a registration: a link to confirm it is mailed, or, to whoever has an account already, a mail
    /// that says so. Which of both is done after the answer.
    ///
    /// # Errors
    /// What is wrong with the request itself, [`UserError::Throttled`], or what is not available.
    pub async fn register(&self, asked: Registration<'_>, origin: &Origin) -> Result<(), UserError> {
        let email: EmailAddress = asked.email.parse()?;
        let name = asked.name.map(checked_name).transpose()?;
        let password = Password::chosen(asked.password, email.as_str())?;
        self.shared.mails.admit(origin.address, self.parts().clock.monotonic())?;
        let phc = self.parts().passwords.hash(password).await?;
        // What is not available is told; the rest is not.
        self.by_email(&email).await?;
        let (users, origin) = (self.clone(), origin.clone());
        let place = (asked.org, asked.app);
        let chosen = Purpose::Verify { phc: phc.into(), next: asked.next.into() };
        self.later("a registration", async move { users.enrol(email, name, chosen, place, &origin).await });
        Ok(())
    }

    async fn enrol(
        &self,
        email: EmailAddress,
        name: Option<Box<str>>,
        chosen: Purpose,
        (org, app): (OrgId, Option<AppId>),
        origin: &Origin,
    ) -> Result<(), UserError> {
        let mailed = self.shared.letters.admit(self.email_id(&email), self.parts().clock.monotonic());
        let (user, is_new) = self.create(&email, name, org, app).await?;
        if self.identity().user(user).is_some_and(|user| user.verified) {
            if !mailed {
                return Ok(());
            }
            self.note(ActivityKind::Registration, Outcome::Refused, (org, Some(user)), origin, Some("known"));
            let (sign_in, reset) = (self.page("/login"), self.page("/password/reset"));
            return self.mail(Letter::AlreadyRegistered { sign_in: &sign_in, reset: &reset }, email);
        }
        let (token, kept) = self.link(user, chosen);
        // Kept also when it is not mailed: no other link may pass for the only one.
        self.shelf().commit(vec![kept], self.now()).await?;
        if !mailed {
            return Ok(());
        }
        let detail = (!is_new).then_some("again");
        self.note(ActivityKind::Registration, Outcome::Done, (org, Some(user)), origin, detail);
        let link = self.page(&format!("/verify-email?token={}", &*token));
        self.mail(Letter::Verify { link: &link }, email)
    }

    /// The user with this address, who is made when there is none: with a wallet, and unable to sign in
    /// until the address is confirmed. Whether it is new.
    ///
    /// # Errors
    /// What is not available.
    pub async fn create(
        &self,
        email: &EmailAddress,
        name: Option<Box<str>>,
        org: OrgId,
        app: Option<AppId>,
    ) -> Result<(UserId, bool), UserError> {
        let user = self.claim(email, org).await?;
        // Written last: without it, an earlier attempt was broken off, and what it did is done again.
        if super::profile(self.shelf(), user, self.now()).await?.is_some() {
            return Ok((user, false));
        }
        if self.identity().user(user).is_none() {
            let actor = Some(format!("user/{user}").into());
            self.identity().register_user(org, Some(user), app, actor).await?;
        }
        self.open_wallet(user, org, app).await?;
        let profile = Profile { email: email.as_str().into(), name, preferences: "".into() };
        let draft = Draft::of(user.to_string(), Some(user.0), None, &profile);
        match self.shelf().commit(vec![Change::Insert(draft)], self.now()).await {
            // Another attempt to make the same user was faster.
            Ok(()) | Err(VaultError::Conflict) => Ok((user, true)),
            Err(error) => Err(error.into()),
        }
    }

    /// Whose the address is from now on. The row comes before the fact, so that of two registrations at
    /// once one user follows; when the fact fails, the next registration finds the row and goes on.
    ///
    /// Who never confirmed it holds the address in no other organization.
    async fn claim(&self, email: &EmailAddress, org: OrgId) -> Result<UserId, UserError> {
        let id = self.email_id(email);
        loop {
            let known = self.shelf().get::<EmailOwner>(&id, self.now()).await?;
            let holder = known.as_ref().and_then(|known| self.identity().user(known.value.user));
            if let Some(known) = &known
                && holder.is_none_or(|holder| holder.verified || holder.org == org)
            {
                return Ok(known.value.user);
            }
            let user = UserId(self.identity().random_id());
            match self.shelf().commit(vec![self.claimed(id.clone(), user, known)], self.now()).await {
                Ok(()) => return Ok(user),
                Err(VaultError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn open_wallet(&self, user: UserId, org: OrgId, app: Option<AppId>) -> Result<(), UserError> {
        let (wallet, command) = (WalletId(user.0), Command::OpenWallet);
        let key: Box<str> = format!("register:{user}").into();
        let ask = Ask {
            id: command_id(org, app, Operation::OpenWallet, &key),
            wallet,
            org,
            app,
            actor: Some(format!("user/{user}").into()),
            correlation: None,
            traceparent: None,
            asked: Asked { key: Some(key), request: request_hash(wallet, &command) },
            command,
            dry_run: false,
        };
        match self.parts().commands.submit(ask).await {
            // A refusal: it is open already.
            Ok(_) | Err(EngineError::Rejected(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A name as it is kept.
pub(super) fn checked_name(name: &str) -> Result<Box<str>, UserError> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) { Ok(name.into()) } else { Err(UserError::Name) }
}
