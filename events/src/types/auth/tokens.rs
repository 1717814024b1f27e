//! What apps may do for users, and what ended early.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, FamilyId, Time, TokenId, UserId};

/// `auth.app_access_granted`: a user lets an app act for it. A later grant replaces this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppAccessGranted {
    /// The user.
    pub user: UserId,
    /// The app.
    pub app: AppId,
    /// What it may do.
    pub scopes: Vec<Box<str>>,
}

/// `auth.app_access_revoked`: the app may no longer act for the user; its tokens for the user end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppAccessRevoked {
    /// The user.
    pub user: UserId,
    /// The app.
    pub app: AppId,
}

/// `auth.token_revoked`: one access token ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoked {
    /// The token's `jti`.
    pub token: TokenId,
    /// The app that had it.
    pub app: AppId,
    /// The user for whom it was, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// When it would have ended: nobody needs to remember this fact any longer than that.
    pub until: Time,
}

/// `auth.refresh_reused`: a refresh token came a second time, so somebody else has it too. Its whole
/// family ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshReused {
    /// The app that had it.
    pub app: AppId,
    /// The user for whom it was, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// All refresh tokens that came from one sign-in.
    pub family: FamilyId,
}
