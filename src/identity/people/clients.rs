//! Changes of apps as clients of the authorization server.

use std::fmt;

use events::{AppId, ClientSecretIssued, ClientSecretRevoked, ClientSet, KeyId, SecretId, Subject, Time};

use super::{Client, ClientFault, Index, uris};
use crate::identity::{
    Identity, IdentityError,
    change::Draft,
    secret::{Kind, Presented, SecretText},
};

/// A new secret of a client, shown this once.
pub struct IssuedClientSecret {
    /// Its public id.
    pub id: SecretId,
    text: SecretText,
}

impl IssuedClientSecret {
    /// The secret itself. It is stored nowhere.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.text()
    }
}

impl fmt::Debug for IssuedClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedClientSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identity {
    /// Whether an app may be made this client, at this moment: for whoever makes the app first, so that a
    /// mistake leaves nothing behind.
    ///
    /// # Errors
    /// [`IdentityError::BadClient`]; [`IdentityError::ClientIdTaken`] and [`IdentityError::ReturnToTaken`]
    /// when another client has what it is called by.
    pub fn may_be_client(&self, client: &Client) -> Result<(), IdentityError> {
        uris::check(client).map_err(IdentityError::BadClient)?;
        must_be_free(&self.people(), &described(client.app, client.clone()))
    }

    /// Makes an app the client that is described, from now on; `client.org` does not matter. Nothing
    /// changes when it is that client already.
    ///
    /// # Errors
    /// As [`Self::may_be_client`], [`IdentityError::NotFound`] without such an app, or
    /// [`IdentityError::Engine`].
    pub async fn set_client(
        &self,
        app: AppId,
        client: Client,
        actor: Option<Box<str>>,
    ) -> Result<Client, IdentityError> {
        uris::check(&client).map_err(IdentityError::BadClient)?;
        let set = described(app, client);
        self.change(actor, move |view| {
            let org = view.directory.app(app).ok_or(IdentityError::NotFound)?.org;
            must_be_free(view.people, &set)?;
            match view.people.rows.client(app) {
                Some(known) if known.set.client_id != set.client_id => {
                    Err(IdentityError::BadClient(ClientFault::IdFixed))
                }
                Some(known) if known.set == set => Ok(None),
                _ => Ok(about(app, org, set)),
            }
        })
        .await?;
        self.client(app).ok_or(IdentityError::NotFound)
    }

    /// Issues a secret to a client. Only its hash is kept.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] without such a client, [`IdentityError::BadClient`] when it is not
    /// confidential, or [`IdentityError::Engine`].
    pub async fn issue_client_secret(
        &self,
        app: AppId,
        expires: Option<Time>,
        actor: Option<Box<str>>,
    ) -> Result<IssuedClientSecret, IdentityError> {
        let (KeyId(id), text) = self.draw(Kind::ClientSecret);
        let (secret, verifier) = (SecretId(id), self.shared.pepper.verifier(text.secret()));
        self.change(actor, move |view| {
            let org = view.directory.app(app).ok_or(IdentityError::NotFound)?.org;
            let client = view.people.rows.client(app).ok_or(IdentityError::NotFound)?;
            if !client.set.confidential {
                return Err(IdentityError::BadClient(ClientFault::NoSecrets));
            }
            Ok(about(app, org, ClientSecretIssued { app, secret, verifier, expires }))
        })
        .await?;
        Ok(IssuedClientSecret { id: secret, text })
    }

    /// Revokes a client's secret. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when the app has no such secret, or [`IdentityError::Engine`].
    pub async fn revoke_client_secret(
        &self,
        app: AppId,
        secret: SecretId,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        self.change(actor, move |view| {
            let org = view.directory.app(app).ok_or(IdentityError::NotFound)?.org;
            let known = view.people.rows.secret(secret).filter(|known| known.app == app);
            if known.ok_or(IdentityError::NotFound)?.revoked.is_some() {
                return Ok(None);
            }
            Ok(about(app, org, ClientSecretRevoked { app, secret }))
        })
        .await
        .map(drop)
    }

    /// Whether the text is a secret of this client that is accepted now. Whether it is revoked, unknown,
    /// another's or wrong, nobody is told.
    #[must_use]
    pub fn accepts_secret(&self, app: AppId, presented: &str, now: Time) -> bool {
        let Some(Presented { kind: Kind::ClientSecret, id, secret }) = Presented::parse(presented) else {
            return false;
        };
        let people = self.people();
        people.rows.secret(SecretId(id.0)).is_some_and(|row| {
            let is_right = self.shared.pepper.accepts(secret, &row.verifier);
            let lives = row.revoked.is_none() && row.expires.is_none_or(|expires| now < expires);
            is_right && lives && row.app == app
        })
    }
}

fn described(app: AppId, client: Client) -> ClientSet {
    ClientSet {
        app,
        client_id: client.client_id,
        confidential: client.confidential,
        grants: client.grants,
        redirect_uris: client.redirect_uris,
        logout_uris: client.logout_uris,
        origins: client.origins,
        return_to: client.return_to,
        scopes: client.scopes.iter().map(|scope| scope.as_str().into()).collect(),
        audiences: client.audiences,
        first_party: client.first_party,
        display_name: client.display_name,
        disabled: client.disabled,
    }
}

/// A name leads people to one app, whoever else would like it.
fn must_be_free(people: &Index, set: &ClientSet) -> Result<(), IdentityError> {
    let others = || people.clients().filter(|other| *other != set.app);
    let others = || others().filter_map(|other| people.rows.client(other));
    let taken =
        |name: &str| others().any(|row| *row.set.client_id == *name || row.set.return_to.contains_key(name));
    if taken(&set.client_id) {
        return Err(IdentityError::ClientIdTaken);
    }
    if set.return_to.keys().any(|key| taken(key)) {
        return Err(IdentityError::ReturnToTaken);
    }
    Ok(())
}

fn about(app: AppId, org: events::OrgId, event: impl Into<events::Event>) -> Option<Draft> {
    Some(Draft { org: Some(org), subject: Subject::App(app), app: None, event: event.into() })
}
