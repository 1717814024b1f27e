//! What is kept of users, in the vault.

use std::net::IpAddr;

use events::{AppId, Time, UserId, Verifier};
use serde::{Deserialize, Serialize};

use crate::identity::chain::Chain;
use crate::identity::vault::{Kept, Kind};

/// What a user told about itself. Id and owner of the row: the user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The e-mail address, in lower case.
    pub email: Box<str>,
    /// The name, as the user writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// A JSON object that apps may fill as they like; none was set, when empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub preferences: Box<str>,
}

impl Kept for Profile {
    const KIND: Kind = Kind::Profile;
}

/// Addresses and names are personal: they are not printed.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile")
    }
}

/// Whose an e-mail address is. Id of the row: its keyed hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailOwner {
    /// The user.
    pub user: UserId,
    /// Until when a link may be good by which another user, in another organization, asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contested: Option<Time>,
}

impl Kept for EmailOwner {
    const KIND: Kind = Kind::Email;
}

/// A user's password. Id and owner of the row: the user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash {
    /// As a PHC string.
    pub phc: Box<str>,
}

impl Kept for PasswordHash {
    const KIND: Kind = Kind::Password;
}

/// What a mailed link does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Purpose {
    /// Confirms a registration, and makes its password the user's when it is the only one: whoever
    /// registers with somebody else's address sets no password there.
    Verify {
        /// The password, as a PHC string.
        phc: Box<str>,
        /// Where the user goes on: what brought it to register. Empty when nothing did.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        next: Box<str>,
    },
    /// Lets its reader choose a new password.
    Reset,
}

/// A link that was mailed. Id of the row: the link's. Owner: the user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedLink {
    /// The user.
    pub user: UserId,
    /// The keyed hash by which its secret is recognized.
    pub verifier: Verifier,
    /// What it does.
    pub purpose: Purpose,
    /// When it was mailed.
    pub sent: Time,
}

impl Kept for MailedLink {
    const KIND: Kind = Kind::Mail;
}

/// A login. Id of the row: the session. Owner: the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// How the user signed in, such as `password` or `google`.
    pub method: Box<str>,
    /// For which app, if for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// When.
    pub started: Time,
    /// When it was last used to get tokens.
    pub seen: Time,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// With which user agent, as it said.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub agent: Box<str>,
    /// Its refresh tokens, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// When it ends, whatever happens.
    pub ends: Time,
}

impl Kept for Session {
    const KIND: Kind = Kind::Session;
}
