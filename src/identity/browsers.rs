//! Browsers in which somebody is signed in: each has a cookie whose secret is kept as a keyed hash, and a
//! session that ends for all apps at once.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{SessionId, Time, UserId, Verifier};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Denial, Identity, User,
    oauth::{code::later, handle},
    users::Session,
    vault::{Kept, Kind, Shelf, VaultError},
};
use crate::clock::sixteen;

/// How long a browser stays signed in, in seconds: 30 days.
pub const LIFETIME_S: i64 = 30 * 24 * 60 * 60;

/// A signed-in browser as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Browser {
    verifier: Verifier,
    user: UserId,
    session: SessionId,
    since: Time,
}

impl Kept for Browser {
    const KIND: Kind = Kind::Browser;
}

/// Who is signed in, in a browser.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// Since when.
    pub since: Time,
    row: Box<str>,
}

/// Knows browsers by their cookies. Clones share it.
#[derive(Clone)]
pub struct Browsers {
    identity: Identity,
    shelf: Shelf,
}

impl std::fmt::Debug for Browsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browsers")
    }
}

impl Browsers {
    /// Browsers of these users, kept here.
    #[must_use]
    pub const fn new(identity: Identity, shelf: Shelf) -> Self {
        Self { identity, shelf }
    }

    /// Signs a browser in to a session that has just begun; gives the cookie's text.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn open(
        &self,
        user: UserId,
        session: SessionId,
        now: Time,
    ) -> Result<Zeroizing<String>, VaultError> {
        let (id, secret) = {
            let mut entropy = self.identity.shared.entropy();
            let id = uuid::Builder::from_random_bytes(sixteen(&mut **entropy)).into_uuid();
            let mut secret = Zeroizing::new([0; 32]);
            entropy.fill(&mut *secret);
            (id, secret)
        };
        let browser = Browser { verifier: self.verifier(id, &secret), user, session, since: now };
        let expires = Some(later(now, LIFETIME_S));
        self.shelf.insert(&id.simple().to_string(), Some(user.0), expires, &browser, now).await?;
        Ok(handle::text(handle::BROWSER, id, &secret))
    }

    /// Who is signed in with this cookie; nobody when it is unknown or its session has ended.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] or [`VaultError::Corrupt`].
    pub async fn find(&self, cookie: &str, now: Time) -> Result<Option<SignedIn>, VaultError> {
        let Some((id, secret)) = handle::parse(handle::BROWSER, cookie) else { return Ok(None) };
        let row = id.simple().to_string();
        let Some(stored) = self.shelf.get::<Browser>(&row, now).await? else { return Ok(None) };
        let Browser { verifier, user, session, since } = stored.value;
        // The directory knows for a while that a session has ended; its row is gone for good.
        if self.shelf.get::<Session>(&session.to_string(), now).await?.is_none() {
            return Ok(None);
        }
        let known = verify_slices_are_equal(&verifier.0, &self.verifier(id, &secret).0).is_ok();
        let denial =
            Denial { token: None, session: Some(session), user: Some(user), app: None, issued: since };
        let user = self.identity.user(user).filter(|user| !user.disabled);
        let user = user.filter(|_| known && !self.identity.denied(&denial));
        Ok(user.map(|user| SignedIn { user, session, since, row: row.into() }))
    }

    /// Forgets a browser whose session has ended.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`].
    pub async fn forget(&self, signed_in: &SignedIn, now: Time) -> Result<(), VaultError> {
        self.shelf.delete::<Browser>(&signed_in.row, now).await
    }

    /// What a form must carry that was shown to the browser with this cookie.
    #[must_use]
    pub fn form_token(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.identity.shared.pepper.code("form", &[cookie.as_bytes()]))
    }

    /// Whether a form carries what it must.
    #[must_use]
    pub fn accepts_form(&self, cookie: &str, token: &str) -> bool {
        verify_slices_are_equal(self.form_token(cookie).as_bytes(), token.as_bytes()).is_ok()
    }

    /// A random text for a cookie that only binds forms to a browser.
    #[must_use]
    pub fn form_cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(sixteen(&mut **self.identity.shared.entropy()))
    }

    fn verifier(&self, id: Uuid, secret: &[u8; 32]) -> Verifier {
        Verifier(self.identity.shared.pepper.code("browser", &[id.as_bytes(), secret]))
    }
}
