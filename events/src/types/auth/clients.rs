//! An app as a client of the authorization server.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, SecretId, Time, Verifier};

/// `auth.client_set`: the whole client that an app is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientSet {
    /// The app.
    pub app: AppId,
    /// Its public name, unique in the ledger.
    pub client_id: Box<str>,
    /// Whether it has secrets that it can keep; otherwise anybody may claim to be it.
    pub confidential: bool,
    /// The OAuth grant types that it may use.
    pub grants: Vec<Box<str>>,
    /// Where a sign-in may lead back to, exactly.
    pub redirect_uris: Vec<Box<str>>,
    /// Where a sign-out may lead back to, exactly.
    pub logout_uris: Vec<Box<str>>,
    /// Web origins of its pages.
    pub origins: Vec<Box<str>>,
    /// Where a sign-in with a `return_to` key ends.
    pub return_to: BTreeMap<Box<str>, Box<str>>,
    /// What it may ask for.
    pub scopes: Vec<Box<str>>,
    /// Whom its access tokens may be for, beside the ledger.
    pub audiences: Vec<Box<str>>,
    /// Whether it belongs to whoever runs the ledger, so that nobody is asked for consent.
    pub first_party: bool,
    /// What people see.
    pub display_name: Box<str>,
    /// Whether it may do nothing for now.
    pub disabled: bool,
}

/// `auth.client_secret_issued`: a client was given a secret, of which only the keyed hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientSecretIssued {
    /// The app.
    pub app: AppId,
    /// The secret's public id.
    pub secret: SecretId,
    /// HMAC-SHA-256 of the secret part, under the pepper kept beside the ledger.
    pub verifier: Verifier,
    /// From when on it is no longer accepted; never, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// `auth.client_secret_revoked`: a client's secret is no longer accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientSecretRevoked {
    /// The app.
    pub app: AppId,
    /// The secret's public id.
    pub secret: SecretId,
}
