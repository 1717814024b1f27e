//! Which account a person of the provider has here.
//!
//! It is known by issuer and subject. An e-mail address alone opens nothing: an account whose address nobody
//! confirmed is taken over by whom the provider confirms, and what was set there before is void; an account
//! whose address is confirmed is opened only when its owner is signed in at the same browser, or when the provider itself runs the mailbox, as Google does for
//! gmail.com and for its Workspace domains. Others may have confirmed the address years ago, for somebody
//! who has it no more.

use events::{AppId, OrgId, UserId};

use super::{Desk, Person, SignInError, begin::hex, kept::Link};
use crate::identity::{
    User,
    users::{PasswordHash, Profile},
    vault::{Change, Draft, Kept, VaultError},
};

/// The provider's short name, in facts and sessions.
pub(super) const METHOD: &str = "google";

/// What is known of somebody who comes from the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// They came before.
    Linked(UserId),
    /// An account has their address, confirmed or not.
    Address(UserId, bool),
    /// An account has their address, and its owner is signed in at their browser.
    SignedIn(UserId),
    /// Nobody has.
    Nobody,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Open this account.
    Open(UserId),
    /// Link this account, which is theirs.
    Join(UserId),
    /// Take this account over, and void what was set there.
    TakeOver(UserId),
    /// Make an account.
    Make,
    /// Refuse.
    Refuse,
}

/// Which step is right, if the provider does or doesn't run the mailbox.
const fn step(known: Known, runs_mailbox: bool) -> Step {
    match known {
        Known::Linked(user) => Step::Open(user),
        Known::SignedIn(user) => Step::Join(user),
        Known::Address(user, false) => Step::TakeOver(user),
        Known::Address(user, true) if runs_mailbox => Step::Join(user),
        Known::Address(_, true) => Step::Refuse,
        Known::Nobody => Step::Make,
    }
}

impl Desk {
    /// The account of a person, made or linked where that is right.
    pub(super) async fn account(
        &self,
        person: &Person,
        org: OrgId,
        app: Option<AppId>,
        signed_in: Option<UserId>,
    ) -> Result<User, SignInError> {
        let mut known = self.known(person, org).await?;
        // Whoever signed in here by its password links it so.
        if let Known::Address(user, true) = known
            && signed_in == Some(user)
        {
            known = Known::SignedIn(user);
        }
        let user = match step(known, person.runs_mailbox) {
            Step::Open(user) => user,
            Step::Refuse => return Err(SignInError::AddressTaken),
            Step::Join(user) => self.link(person, user).await?,
            Step::TakeOver(user) => self.link(person, user).await?,
            Step::Make => {
                let (user, is_new) =
                    self.parts().users.create(&person.email, person.name.clone(), org, app).await?;
                // Somebody else may have registered the address a moment ago.
                let theirs = is_new || person.runs_mailbox || !self.must_be(user)?.verified;
                if !theirs && self.linked(person).await? != Some(user) {
                    return Err(SignInError::AddressTaken);
                }
                self.link(person, user).await?
            }
        };
        // After the link: who sees a confirmed account without one sees somebody else's.
        if !self.must_be(user)?.verified {
            self.take_over(person, user).await?;
        }
        let user = self.must_be(user)?;
        if user.disabled { Err(SignInError::Disabled) } else { Ok(user) }
    }

    async fn known(&self, person: &Person, org: OrgId) -> Result<Known, SignInError> {
        if let Some(user) = self.linked(person).await? {
            return Ok(Known::Linked(user));
        }
        let Some(user) = self.parts().users.by_email(&person.email).await? else { return Ok(Known::Nobody) };
        let holder = self.parts().identity.user(user);
        let confirmed = holder.as_ref().map(|user| user.verified);
        // Who never confirmed the address holds it in no other organization.
        if holder.is_some_and(|user| !user.verified && user.org != org) {
            return Ok(Known::Nobody);
        }
        // It may have been linked since the first look.
        if confirmed == Some(true) && self.linked(person).await? == Some(user) {
            return Ok(Known::Linked(user));
        }
        // A row without a user is of a registration that broke off: it is finished.
        Ok(confirmed.map_or(Known::Nobody, |confirmed| Known::Address(user, confirmed)))
    }

    /// Whose account the person's is here.
    async fn linked(&self, person: &Person) -> Result<Option<UserId>, SignInError> {
        let link = self.parts().shelf.get::<Link>(&self.link_id(person)?, self.now()).await?;
        Ok(link.map(|link| link.value.user))
    }

    /// Voids what somebody set who never showed that the address is theirs.
    async fn take_over(&self, person: &Person, user: UserId) -> Result<(), SignInError> {
        let (shelf, identity, now) = (&self.parts().shelf, &self.parts().identity, self.now());
        identity.password_changed(user, actor(user)).await?;
        self.parts().users.confirmed_elsewhere(user).await?;
        let id = user.to_string();
        let mut changes =
            vec![Change::Delete { kind: PasswordHash::KIND, id: id.as_str().into(), version: None }];
        if let Some(mut profile) = shelf.get::<Profile>(&id, now).await? {
            profile.value.name = person.name.clone();
            profile.value.preferences = "".into();
            changes.push(profile.replaced());
        }
        match shelf.commit(changes, now).await {
            // Another tab of the same person does the same at the same time.
            Ok(()) | Err(VaultError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that the person has this account. Of two at once one writes the row.
    async fn link(&self, person: &Person, user: UserId) -> Result<UserId, SignInError> {
        self.parts().identity.link_user(user, METHOD, actor(user)).await?;
        let (id, now) = (self.link_id(person)?, self.now());
        let row = Draft::of(id.clone(), Some(user.0), None, &Link { user });
        match self.parts().shelf.commit(vec![Change::Insert(row)], now).await {
            Ok(()) => Ok(user),
            Err(VaultError::Conflict) => {
                let link = self.parts().shelf.get::<Link>(&id, now).await?;
                link.map(|link| link.value.user).ok_or(SignInError::Vault(VaultError::Conflict))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn link_id(&self, person: &Person) -> Result<Box<str>, SignInError> {
        Ok(hex(&self.hash("provider's account", &[self.google()?.issuer(), &person.subject])))
    }

    fn must_be(&self, user: UserId) -> Result<User, SignInError> {
        self.parts().identity.user(user).ok_or(SignInError::Users(super::super::users::UserError::NotFound))
    }
}

/// Who acts: the user.
pub(super) fn actor(user: UserId) -> Option<Box<str>> {
    Some(format!("user/{user}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_address_alone_opens_no_account_that_somebody_confirmed() {
        let user = UserId(Uuid::from_u128(1));
        for runs_mailbox in [false, true] {
            assert_eq!(step(Known::Linked(user), runs_mailbox), Step::Open(user));
            assert_eq!(step(Known::Address(user, false), runs_mailbox), Step::TakeOver(user));
            assert_eq!(step(Known::SignedIn(user), runs_mailbox), Step::Join(user));
            assert_eq!(step(Known::Nobody, runs_mailbox), Step::Make);
        }
        assert_eq!(step(Known::Address(user, true), false), Step::Refuse);
        assert_eq!(step(Known::Address(user, true), true), Step::Join(user));
    }
}
