//! Registering, and confirming one's address.

use events::{AppId, Asked, Operation, OrgId, UserId, WalletId};
use ledger::Command;

use super::{EmailOwner, Origin, PasswordHash, Profile, Purpose, UserError, Users, sessions::actor};
use crate::{
    engine::{Ask, EngineError, command_id, request_hash},
    identity::{
        mail::{EmailAddress, Letter},
        passwords::Password,
        vault::{ActivityKind, Change, Draft, Kind, Outcome, Stored, VaultError},
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
        let (org, app) = (asked.org, asked.app);
        self.later("a registration", async move { users.enrol(email, name, phc, (org, app), &origin).await });
        Ok(())
    }

    async fn enrol(
        &self,
        email: EmailAddress,
        name: Option<Box<str>>,
        phc: String,
        (org, app): (OrgId, Option<AppId>),
        origin: &Origin,
    ) -> Result<(), UserError> {
        let (user, is_new) = self.create(&email, name, org, app).await?;
        if self.identity().user(user).is_some_and(|user| user.verified) {
            self.note(ActivityKind::Registration, Outcome::Refused, (org, Some(user)), origin, Some("known"));
            let (sign_in, reset) = (self.page("/login"), self.page("/password/reset"));
            return self.mail(Letter::AlreadyRegistered { sign_in: &sign_in, reset: &reset }, email);
        }
        let (token, kept) = self.link(user, Purpose::Verify { phc: phc.into() });
        self.shelf().commit(vec![kept], self.now()).await?;
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
            match self.shelf().commit(vec![Self::owned(id.clone(), user, known)], self.now()).await {
                Ok(()) => return Ok(user),
                Err(VaultError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The change by which an address is this user's, unless somebody else claims it meanwhile.
    fn owned(id: Box<str>, user: UserId, known: Option<Stored<EmailOwner>>) -> Change {
        match known {
            None => Change::Insert(Draft::of(id, Some(user.0), None, &EmailOwner { user })),
            Some(known) => Stored { owner: Some(user.0), value: EmailOwner { user }, ..known }.replaced(),
        }
    }

    /// The change that goes with a confirmation: the address is this user's, in whichever organization
    /// others asked for it.
    ///
    /// # Errors
    /// [`UserError::InvalidLink`] when somebody else has confirmed it, or what is not available.
    pub(super) async fn confirmed(&self, user: UserId, email: &EmailAddress) -> Result<Change, UserError> {
        let id = self.email_id(email);
        let known = self.shelf().get::<EmailOwner>(&id, self.now()).await?;
        let other = known.as_ref().map(|known| known.value.user).filter(|holder| *holder != user);
        if other.and_then(|other| self.identity().user(other)).is_some_and(|other| other.verified) {
            return Err(UserError::InvalidLink);
        }
        Ok(Self::owned(id, user, known))
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

    /// Confirms a registration by the token that was mailed: the address is the user's, and so is the
    /// password that was chosen with it.
    ///
    /// # Errors
    /// [`UserError::InvalidLink`], or what is not available.
    pub async fn verify_email(&self, token: &str, origin: &Origin) -> Result<UserId, UserError> {
        let now = self.now();
        let link = self.presented_link(token, now).await?;
        let Purpose::Verify { phc } = &link.value.purpose else { return Err(UserError::InvalidLink) };
        let user = self.known(link.value.user).map_err(|_| UserError::InvalidLink)?;
        // An account that was confirmed meanwhile has a password of its own.
        if user.verified {
            return Err(UserError::InvalidLink);
        }
        let password = PasswordHash { phc: phc.clone() };
        let email = self.email_of(user.id).await?;
        let changes = vec![
            link.taken(),
            self.confirmed(user.id, &email).await?,
            Change::DeleteOf { kind: Kind::Mail, owner: user.id.0 },
            Change::Put(Draft::of(user.id.to_string(), Some(user.id.0), None, &password)),
        ];
        match self.shelf().commit(changes, now).await {
            Ok(()) => {}
            Err(VaultError::Conflict) => return Err(UserError::InvalidLink),
            Err(error) => return Err(error.into()),
        }
        // After the password, or for a moment a confirmed account would have none of its owner's.
        self.identity().verify_user(user.id, actor(user.id)).await?;
        self.note(ActivityKind::EmailVerification, Outcome::Done, (user.org, Some(user.id)), origin, None);
        Ok(user.id)
    }

    /// Takes it from somebody else, such as a provider, that the address is the user's. What was mailed
    /// to confirm it, with whatever password, is void.
    ///
    /// # Errors
    /// What is not available.
    pub async fn confirmed_elsewhere(&self, user: UserId) -> Result<(), UserError> {
        self.identity().verify_user(user, Some(format!("user/{user}").into())).await?;
        self.shelf().commit(vec![Change::DeleteOf { kind: Kind::Mail, owner: user.0 }], self.now()).await?;
        Ok(())
    }
}

/// A name as it is kept.
pub(super) fn checked_name(name: &str) -> Result<Box<str>, UserError> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) { Ok(name.into()) } else { Err(UserError::Name) }
}
