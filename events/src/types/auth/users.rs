//! Users. Their addresses and names are elsewhere, where they can be forgotten.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{OrgId, UserId};

/// `auth.user_registered`: a user came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRegistered {
    /// The user; its wallet has the same id.
    pub user: UserId,
    /// The organization it belongs to.
    pub organization: OrgId,
}

/// `auth.user_verified`: the user has shown that its mail reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserVerified {
    /// The user.
    pub user: UserId,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Uses its own credits.
    Customer,
    /// Administers its organization.
    Admin,
    /// Reads all of its organization, and changes nothing.
    Auditor,
}

/// `auth.user_roles_set`: what a user may do from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRolesSet {
    /// The user.
    pub user: UserId,
    /// All of its roles, each once, in ascending order.
    pub roles: Vec<UserRole>,
}

/// `auth.user_disabled`: the user may do nothing for now, and all of its sessions and tokens end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserDisabled {
    /// The user.
    pub user: UserId,
    /// Why, as a short code such as `operator`.
    pub reason: Box<str>,
}

/// `auth.user_enabled`: the user may sign in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserEnabled {
    /// The user.
    pub user: UserId,
}

/// `auth.user_linked`: from now on the user may sign in through this provider as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserLinked {
    /// The user.
    pub user: UserId,
    /// The provider, such as `google`.
    pub provider: Box<str>,
}

/// `auth.password_changed`: the user has another password; all of its sessions and tokens of before end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordChanged {
    /// The user.
    pub user: UserId,
}
