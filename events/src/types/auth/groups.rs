//! Groups of users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{GroupId, OrgId, UserId};

/// `auth.group_registered`: a group came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupRegistered {
    /// The group; a wallet with the same id is its own.
    pub group: GroupId,
    /// The organization it belongs to.
    pub organization: OrgId,
    /// Its name, unique in the organization.
    pub name: Box<str>,
}

/// What a member may do in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupRole {
    /// Takes part.
    Member,
    /// Also says who else does.
    Admin,
}

/// `auth.group_member_added`: a user belongs to a group, in this role from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupMemberAdded {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub user: UserId,
    /// What it may do there.
    pub role: GroupRole,
    /// The user who added it, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_by: Option<UserId>,
}

/// `auth.group_member_removed`: a user no longer belongs to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupMemberRemoved {
    /// The group.
    pub group: GroupId,
    /// Who was a member.
    pub user: UserId,
}
