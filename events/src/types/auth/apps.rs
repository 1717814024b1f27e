//! Organizations, their apps and the apps' API keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, KeyId, OrgId, Time, Verifier};

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
    /// From when on it is no longer accepted; never, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// `auth.api_key_expiry_set`: a key ends at another time than before, as the older one does when
/// keys are rotated with an overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyExpirySet {
    /// The key's public id.
    pub key: KeyId,
    /// The app that has it.
    pub app: AppId,
    /// From when on it is no longer accepted; never, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// `auth.api_key_revoked`: a key is no longer accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyRevoked {
    /// The key's public id.
    pub key: KeyId,
    /// The app that had it.
    pub app: AppId,
}
