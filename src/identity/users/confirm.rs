//! Confirming one's address, by a mailed link or by what a provider says.

use events::{Time, UserId};

use super::{
    EmailOwner, MailedLink, Origin, PasswordHash, Purpose, UserError, Users, links::VERIFY_MICROS,
    sessions::actor,
};
use crate::identity::{
    mail::{EmailAddress, Letter},
    vault::{ActivityKind, Change, Draft, Kind, Outcome, Stored, VaultError},
};

/// Links of one user that are looked at. Where there are more, others have asked for some.
const LINKS_MAX: usize = 100;

/// What came of opening a link that confirms an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The user can sign in with the password that was chosen with it.
    Ready {
        /// Where it goes on: what brought it to register. Empty when nothing did.
        next: Box<str>,
    },
    /// The address was registered more than once, perhaps by somebody else: no password of those counts, and
    /// a mail with a link to choose one is on its way.
    Contested,
}

impl Users {
    /// Confirms a registration by the token that was mailed: the address is the user's, and so is the
    /// password that was chosen with it, when this is the only registration that waits. Of several, which
    /// one the reader made is known to nobody: the mails look the same.
    ///
    /// # Errors
    /// [`UserError::InvalidLink`], or what is not available.
    pub async fn verify_email(&self, token: &str, origin: &Origin) -> Result<Confirmed, UserError> {
        let now = self.now();
        let link = self.presented_link(token, now).await?;
        let Purpose::Verify { phc, next } = &link.value.purpose else { return Err(UserError::InvalidLink) };
        let user = self.known(link.value.user).map_err(|_| UserError::InvalidLink)?;
        // An account that was confirmed meanwhile has a password of its own.
        if user.verified {
            return Err(UserError::InvalidLink);
        }
        let email = self.email_of(user.id).await?;
        let mut changes = vec![
            link.taken(),
            self.confirmed(user.id, &email).await?,
            Change::DeleteOf { kind: Kind::Mail, owner: user.id.0 },
        ];
        let choice = if self.is_contested(&link, &email, now).await? {
            let (token, kept) = self.link(user.id, Purpose::Reset);
            changes.push(kept);
            Some(token)
        } else {
            let password = PasswordHash { phc: phc.clone() };
            changes.push(Change::Put(Draft::of(user.id.to_string(), Some(user.id.0), None, &password)));
            None
        };
        match self.shelf().commit(changes, now).await {
            Ok(()) => {}
            Err(VaultError::Conflict) => return Err(UserError::InvalidLink),
            Err(error) => return Err(error.into()),
        }
        // After the password, or for a moment a confirmed account would have none of its owner's.
        self.identity().verify_user(user.id, actor(user.id)).await?;
        let who = (user.org, Some(user.id));
        let detail = choice.as_ref().map(|_| "contested");
        self.note(ActivityKind::EmailVerification, Outcome::Done, who, origin, detail);
        let Some(token) = choice else { return Ok(Confirmed::Ready { next: next.clone() }) };
        let link = self.page(&format!("/password/reset?token={}", &*token));
        self.mail(Letter::Choose { link: &link }, email)?;
        Ok(Confirmed::Contested)
    }

    /// Whether another registration with this address waits for its link, in this organization or another.
    async fn is_contested(
        &self,
        link: &Stored<MailedLink>,
        email: &EmailAddress,
        now: Time,
    ) -> Result<bool, UserError> {
        let owner = self.shelf().get::<EmailOwner>(&self.email_id(email), now).await?;
        if owner.and_then(|owner| owner.value.contested).is_some_and(|until| now < until) {
            return Ok(true);
        }
        let links = self.shelf().of_owner::<MailedLink>(link.value.user.0, None, LINKS_MAX, now).await?;
        let registers = |other: &Stored<MailedLink>| matches!(other.value.purpose, Purpose::Verify { .. });
        Ok(links.len() == LINKS_MAX || links.iter().any(|other| other.id != link.id && registers(other)))
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
        Ok(Self::owned(id, EmailOwner { user, contested: None }, known))
    }

    /// The change by which an address is somebody's, unless somebody else claims it meanwhile.
    fn owned(id: Box<str>, owner: EmailOwner, known: Option<Stored<EmailOwner>>) -> Change {
        let user = Some(owner.user.0);
        match known {
            None => Change::Insert(Draft::of(id, user, None, &owner)),
            Some(known) => Stored { owner: user, value: owner, ..known }.replaced(),
        }
    }

    /// The change by which a user who was not confirmed asks for an address that nobody has confirmed.
    pub(super) fn claimed(&self, id: Box<str>, user: UserId, known: Option<Stored<EmailOwner>>) -> Change {
        // The other one's links hold no longer than that.
        let contested = known.as_ref().map(|_| self.now().plus_micros(VERIFY_MICROS));
        Self::owned(id, EmailOwner { user, contested }, known)
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
