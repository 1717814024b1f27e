//! What an access token says.

use serde::{Deserialize, Deserializer};
use uuid::Uuid;

/// Whom a token speaks for. Told by the claim, never guessed from `sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalType {
    /// A person: `sub` is her id.
    User,
    /// A client on its own account: `sub` is its `client_id`.
    Service,
}

/// The claims of an access token (RFC 9068, and the ledger's own). Read from verified tokens only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Of whom it speaks: a user's UUID, or a service's client id.
    pub sub: String,
    /// For which APIs it is meant.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// When it ends: seconds since 1970.
    pub exp: u64,
    /// When it was issued: seconds since 1970.
    pub iat: u64,
    /// Not good before this.
    #[serde(default)]
    pub nbf: Option<u64>,
    /// Its own id.
    pub jti: String,
    /// The client that got it.
    pub client_id: String,
    /// What it allows, with spaces between.
    #[serde(default)]
    pub scope: String,
    /// `access`; an ID token has none.
    #[serde(rename = "type")]
    pub kind: String,
    /// User or service.
    pub principal_type: PrincipalType,
    /// The organization of the user or the service.
    #[serde(default)]
    pub org_id: Option<Uuid>,
    /// The session in which the user signed in.
    #[serde(default)]
    pub sid: Option<Uuid>,
    /// The user's roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// When the user last proved who she is.
    #[serde(default)]
    pub auth_time: Option<u64>,
    /// The app of the client.
    #[serde(default)]
    pub app_id: Option<Uuid>,
    /// The domain of that app, in cross-app tokens.
    #[serde(default)]
    pub domain: Option<String>,
}

impl Claims {
    /// The user, when it speaks for one.
    #[must_use]
    pub fn user(&self) -> Option<Uuid> {
        match self.principal_type {
            PrincipalType::User => Uuid::try_parse(&self.sub).ok(),
            PrincipalType::Service => None,
        }
    }

    /// Whether it allows this, literally: which scope implies which is the server's to say.
    #[must_use]
    pub fn allows(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|one| one == scope)
    }

    /// Whether `sub` is what the principal type promises. A service can't pass for a user.
    pub(super) fn is_consistent(&self) -> bool {
        match self.principal_type {
            PrincipalType::User => self.user().is_some(),
            PrincipalType::Service => self.sub == self.client_id && Uuid::try_parse(&self.sub).is_err(),
        }
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(from)? {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    })
}
