//! Who may call: rare facts, from which the identity rows are rebuilt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, KeyId, OrgId, Verifier};

/// `auth.organization_registered`: a tenant came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationRegistered {
    /// The organization.
    pub organization: OrgId,
    /// Its unique name.
    pub name: Box<str>,
}

/// `auth.app_registered`: a client of an organization came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppRegistered {
    /// The app.
    pub app: AppId,
    /// Its owner.
    pub organization: OrgId,
    /// Its name, unique in the organization.
    pub name: Box<str>,
}

/// `auth.api_key_issued`: an app was given a key. The key itself is nowhere: only its keyed hash
/// is, and that of 256 random bits tells nobody anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyIssued {
    /// The key's public id.
    pub key: KeyId,
    /// The app that may use it.
    pub app: AppId,
    /// What it allows.
    pub scopes: Vec<Box<str>>,
    /// HMAC-SHA-256 of the secret part, under the pepper kept beside the ledger.
    pub verifier: Verifier,
}

/// `auth.api_key_revoked`: a key is no longer accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyRevoked {
    /// The key's public id.
    pub key: KeyId,
    /// The app that had it.
    pub app: AppId,
}
