//! Sessions: a browser, or whatever else a user has signed in with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, SessionId, Time, UserId};

/// `auth.user_signed_in`: a session began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserSignedIn {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The app for which the user signed in, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// How, such as `password` or `google`.
    pub method: Box<str>,
}

/// `auth.session_verified`: the verification code of a session was used for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionVerified {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The app for which the user signed in, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
}

/// `auth.session_revoked`: a session and all of its tokens ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRevoked {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The app for which the user had signed in, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Why, as a short code such as `logout`.
    pub reason: Box<str>,
}

/// `auth.sessions_revoked`: every session and token of a user from before a time ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsRevoked {
    /// The user.
    pub user: UserId,
    /// What began before this time ended.
    pub before: Time,
    /// Why, as a short code such as `logout-everywhere`.
    pub reason: Box<str>,
}
