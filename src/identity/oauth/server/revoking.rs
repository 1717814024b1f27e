//! Taking tokens back (RFC 7009).

use events::Time;

use super::{Client, OauthError, Server};
use crate::identity::oauth::refresh::{Family, Presented, Worth};

impl Server {
    /// Ends a token of the client's, and a refresh token's whole family. Another's token, or no token at
    /// all, is nothing to tell about.
    ///
    /// # Errors
    /// That the end could not be recorded.
    pub async fn revoke(&self, client: &Client, token: &str, now: Time) -> Result<(), OauthError> {
        if let Some(presented) = Presented::parse(token) {
            let row = presented.id.simple().to_string();
            let Some(stored) = self.shelf.get::<Family>(&row, now).await? else { return Ok(()) };
            let forged = stored.value.worth(&presented, &self.identity.shared.pepper, now) == Worth::Forged;
            let own = stored.value.app == client.app;
            return if own && !forged { self.end(&stored, now).await } else { Ok(()) };
        }
        let Ok(claims) = self.tokens.verify_issued(token, now) else { return Ok(()) };
        if claims.app_id != Some(client.app) {
            return Ok(());
        }
        let until = Time::from_micros(claims.exp.saturating_mul(1_000_000));
        let (token, user) = (claims.jti, claims.user());
        Ok(self.identity.revoke_token(token, client.app, user, until, None).await?)
    }
}
