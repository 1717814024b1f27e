//! What is known about people, asked without waiting.

use events::{AppId, GroupId, OrgId, SecretId, SigningKeyState, Time, UserId};

use super::{Access, Client, Denial, Group, Member, Secret, Standing, User};
use crate::identity::Identity;

impl Identity {
    /// One user, disabled or not.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<User> {
        self.people().rows.user(id).map(User::from)
    }

    /// Users of an organization with ids above `after`, by id.
    #[must_use]
    pub fn users(&self, org: OrgId, after: Option<UserId>, limit: usize) -> Vec<User> {
        let people = self.people();
        people
            .users_of(org, after)
            .take(limit)
            .filter_map(|id| people.rows.user(id))
            .map(User::from)
            .collect()
    }

    /// What a user grants to an app now.
    #[must_use]
    pub fn access(&self, user: UserId, app: AppId) -> Option<Access> {
        let people = self.people();
        people.rows.last_access(user, app).filter(|row| row.revoked.is_none()).map(Access::from)
    }

    /// Whether a user took back at or after this time what it granted to an app, be it granted anew since. A
    /// grant of other scopes takes none back.
    #[must_use]
    pub fn access_taken_back(&self, user: UserId, app: AppId, since: Time) -> bool {
        let people = self.people();
        let grants = || people.rows.accesses(user, app);
        let mut ended = grants().filter(|row| row.revoked.is_some_and(|revoked| revoked >= since));
        ended.any(|row| grants().all(|next| next.at != row.changed))
    }

    /// Everything that a user grants now, by app.
    #[must_use]
    pub fn apps_of(&self, user: UserId) -> Vec<Access> {
        let people = self.people();
        let last = people.apps_of(user).filter_map(|app| people.rows.last_access(user, app));
        last.filter(|row| row.revoked.is_none()).map(Access::from).collect()
    }

    /// An app as a client, if it is one.
    #[must_use]
    pub fn client(&self, app: AppId) -> Option<Client> {
        let org = self.app(app)?.org;
        self.people().rows.client(app).map(|row| Client::of(row, org))
    }

    /// What counts of an app's registration at each use of its tokens; `None` when it is no client.
    pub(in crate::identity) fn standing(&self, app: AppId) -> Option<Standing> {
        self.people().standing(app)
    }

    /// The client of this name, disabled or not.
    #[must_use]
    pub fn client_by_id(&self, client_id: &str) -> Option<Client> {
        let app = self.people().client_named(client_id)?;
        self.client(app)
    }

    /// Whether a client that may do something has pages of this web origin.
    #[must_use]
    pub fn is_origin_of_a_client(&self, origin: &str) -> bool {
        let people = self.people();
        people
            .clients()
            .filter_map(|app| people.rows.client(app))
            .any(|row| !row.set.disabled && row.set.origins.iter().any(|known| **known == *origin))
    }

    /// The secrets of a client by id, those too that ended.
    #[must_use]
    pub fn client_secrets(&self, app: AppId) -> Vec<Secret> {
        let people = self.people();
        people.secrets_of(app).filter_map(|id| people.rows.secret(id)).map(Secret::from).collect()
    }

    /// One secret of a client.
    #[must_use]
    pub fn client_secret(&self, id: SecretId) -> Option<Secret> {
        self.people().rows.secret(id).map(Secret::from)
    }

    /// One group.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<Group> {
        self.people().rows.group(id).map(Group::from)
    }

    /// Groups of an organization with ids above `after`, by id.
    #[must_use]
    pub fn groups(&self, org: OrgId, after: Option<GroupId>, limit: usize) -> Vec<Group> {
        let people = self.people();
        let groups = people.groups_in(org, after).take(limit).filter_map(|id| people.rows.group(id));
        groups.map(Group::from).collect()
    }

    /// Who is in a group now, by user.
    #[must_use]
    pub fn members(&self, group: GroupId) -> Vec<Member> {
        self.people().rows.members(group).map(Member::from).collect()
    }

    /// A user's place in a group, if it has one now.
    #[must_use]
    pub fn member(&self, group: GroupId, user: UserId) -> Option<Member> {
        let people = self.people();
        people.rows.last_membership(group, user).filter(|row| row.removed.is_none()).map(Member::from)
    }

    /// Whether a user is in a group now.
    #[must_use]
    pub fn is_member(&self, group: GroupId, user: UserId) -> bool {
        self.member(group, user).is_some()
    }

    /// The groups that a user is in now, by id.
    #[must_use]
    pub fn groups_of(&self, user: UserId) -> Vec<Group> {
        let people = self.people();
        let is_in = |group: &GroupId| {
            people.rows.last_membership(*group, user).is_some_and(|row| row.removed.is_none())
        };
        let groups = people.groups_of(user).filter(is_in).filter_map(|group| people.rows.group(group));
        groups.map(Group::from).collect()
    }

    /// How far a signing key is in its life, as far as was told.
    #[must_use]
    pub fn signing_key_state(&self, kid: &str) -> Option<SigningKeyState> {
        self.people().rows.signing_key(kid).map(|row| row.state)
    }

    /// Whether a token was ended early: itself, its session, everything of its user from before some time,
    /// its user's grant to the app (which also ends what an earlier grant gave), or the client.
    #[must_use]
    pub fn denied(&self, denial: &Denial) -> bool {
        self.people().denied(denial)
    }
}
