//! Links that are mailed: a token that is good once, for one thing.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use events::{Time, UserId, Verifier};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{MailedLink, Purpose, UserError, Users};
use crate::identity::{
    oauth::handle,
    vault::{Change, Draft, Stored},
};

/// How long a link to confirm a registration holds.
pub(super) const VERIFY_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// How long a link to a new password holds.
const RESET_MICROS: i64 = 30 * 60 * 1_000_000;

impl Users {
    /// A new link's token, and the change that keeps it.
    pub(super) fn link(&self, user: UserId, purpose: Purpose) -> (Zeroizing<String>, Change) {
        let (id, now) = (self.identity().random_id(), self.now());
        let mut secret = Zeroizing::new([0; 32]);
        self.identity().shared.entropy().fill(&mut *secret);
        let life = match purpose {
            Purpose::Verify { .. } => VERIFY_MICROS,
            Purpose::Reset => RESET_MICROS,
        };
        let link = MailedLink { user, verifier: self.link_verifier(id, &secret), purpose, sent: now };
        let draft = Draft::of(link_id(id), Some(user.0), Some(now.plus_micros(life)), &link);
        (handle::text(handle::MAIL, id, &secret), Change::Insert(draft))
    }

    /// The link with this token, which is still good.
    pub(super) async fn presented_link(
        &self,
        token: &str,
        now: Time,
    ) -> Result<Stored<MailedLink>, UserError> {
        let (id, secret) = handle::parse(handle::MAIL, token).ok_or(UserError::InvalidLink)?;
        let link = self.shelf().get::<MailedLink>(&link_id(id), now).await?.ok_or(UserError::InvalidLink)?;
        let expected = self.link_verifier(id, &secret);
        match verify_slices_are_equal(&link.value.verifier.0, &expected.0) {
            Ok(()) => Ok(link),
            Err(_) => Err(UserError::InvalidLink),
        }
    }

    fn link_verifier(&self, id: Uuid, secret: &[u8; 32]) -> Verifier {
        Verifier(self.identity().shared.pepper.code("mailed link", &[id.as_bytes(), secret]))
    }
}

fn link_id(id: Uuid) -> Box<str> {
    id.simple().to_string().into()
}
