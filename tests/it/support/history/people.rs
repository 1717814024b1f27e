//! Facts about people: every kind of them, about whoever is there.

use std::collections::BTreeMap;

use credit_ledger::{clock::sixteen, log::Bodies};
use events::{
    ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppAccessGranted, AppAccessRevoked, AppId,
    ClientSecretIssued, ClientSecretRevoked, ClientSet, Event, FamilyId, GroupId, GroupMemberAdded,
    GroupMemberRemoved, GroupRegistered, GroupRole, KeyId, OrgId, PasswordChanged, RefreshReused, SecretId,
    SessionId, SessionRevoked, SessionVerified, SessionsRevoked, SigningKeyChanged, SigningKeyState, Subject,
    TokenId, TokenRevoked, UserDisabled, UserEnabled, UserId, UserLinked, UserRegistered, UserRole,
    UserRolesSet, UserSignedIn, UserVerified, Verifier,
};
use uuid::Uuid;

use super::{HOUR, History};

/// Whoever is there.
#[derive(Debug, Default)]
pub(super) struct People {
    users: Vec<(UserId, OrgId)>,
    groups: Vec<(GroupId, OrgId)>,
    keys: Vec<(KeyId, AppId, OrgId)>,
    secrets: Vec<(SecretId, AppId, OrgId)>,
}

impl History {
    /// Records a fact about an app, a user or a group now and then; tells how many events that were.
    pub(super) fn people(&mut self, bodies: &mut Bodies) -> usize {
        let before = bodies.len();
        std::mem::swap(&mut self.entropy, &mut self.people_entropy);
        match self.below(64) {
            0 => self.about_an_app(bodies),
            1 => self.about_a_group(bodies),
            2..=3 => self.about_a_user(bodies),
            _ => {}
        }
        std::mem::swap(&mut self.entropy, &mut self.people_entropy);
        bodies.len() - before
    }

    fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(sixteen(&mut self.entropy)).into_uuid()
    }

    fn any<T: Clone>(&mut self, of: fn(&Self) -> &[T]) -> Option<T> {
        let count = of(self).len() as u64;
        let chosen = (count > 0).then(|| self.below(count));
        chosen.map(|chosen| of(self)[chosen as usize].clone())
    }

    fn scopes(&mut self) -> Vec<Box<str>> {
        let all = ["events:read", "credits:check", "credits:deduct", "admin"];
        let bits = self.below(15) + 1;
        (0..).zip(all).filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, scope)| scope.into()).collect()
    }

    fn about_an_app(&mut self, bodies: &mut Bodies) {
        let (app, org) = self.any(|history| &history.apps).expect("an app");
        let verifier = Verifier([u8::try_from(self.below(256)).expect("a byte"); 32]);
        let kind = self.below(8);
        let expires = (self.below(2) == 0).then(|| self.time.plus_micros(self.below(HOUR) as i64));
        let (app, org, event): (_, _, Event) = match kind {
            0 => {
                let key = KeyId(self.id());
                self.people.keys.push((key, app, org));
                let scopes = self.scopes();
                (app, org, ApiKeyIssued { key, app, scopes, verifier, expires }.into())
            }
            1..=2 => match self.any(|history| &history.people.keys) {
                Some((key, app, org)) if kind == 1 => {
                    (app, org, ApiKeyExpirySet { key, app, expires }.into())
                }
                Some((key, app, org)) => (app, org, ApiKeyRevoked { key, app }.into()),
                None => return,
            },
            3 => (app, org, self.client(app).into()),
            4 => {
                let secret = SecretId(self.id());
                self.people.secrets.push((secret, app, org));
                (app, org, ClientSecretIssued { app, secret, verifier, expires }.into())
            }
            5 => match self.any(|history| &history.people.secrets) {
                Some((secret, app, org)) => (app, org, ClientSecretRevoked { app, secret }.into()),
                None => return,
            },
            6 => {
                let token = TokenId(self.id());
                let until = self.time.plus_micros(self.below(HOUR) as i64);
                (app, org, TokenRevoked { token, app, user: None, until }.into())
            }
            _ => (app, org, RefreshReused { app, user: None, family: FamilyId(self.id()) }.into()),
        };
        self.fact(bodies, Subject::App(app), Some(org), event);
    }

    fn client(&mut self, app: AppId) -> ClientSet {
        let texts = |text: &str| vec![Box::from(text)];
        ClientSet {
            app,
            client_id: format!("client-{}", app.0.simple()).chars().take(20).collect(),
            confidential: self.below(2) == 0,
            grants: texts("client_credentials"),
            redirect_uris: texts("https://app.example/cb"),
            logout_uris: Vec::new(),
            origins: texts("https://app.example"),
            return_to: BTreeMap::from([("home".into(), "https://app.example/".into())]),
            scopes: self.scopes(),
            audiences: Vec::new(),
            first_party: self.below(2) == 0,
            display_name: "An app".into(),
            disabled: self.below(4) == 0,
        }
    }

    fn about_a_group(&mut self, bodies: &mut Bodies) {
        let kind = self.below(8);
        let known = self.any(|history| &history.people.groups);
        let (Some((group, org)), true) = (known, kind > 0) else {
            let (group, organization) = (GroupId(self.id()), self.any(|history| &history.orgs).expect("one"));
            self.people.groups.push((group, organization));
            let name = format!("group {}", group.0.simple()).into();
            let event = GroupRegistered { group, organization, name };
            return self.fact(bodies, Subject::Group(group), Some(organization), event.into());
        };
        let Some((user, _)) = self.any(|history| &history.people.users) else { return };
        let role = if self.below(2) == 0 { GroupRole::Member } else { GroupRole::Admin };
        let event = if kind < 5 {
            GroupMemberAdded { group, user, role, added_by: None }.into()
        } else {
            GroupMemberRemoved { group, user }.into()
        };
        self.fact(bodies, Subject::Group(group), Some(org), event);
    }

    fn about_a_user(&mut self, bodies: &mut Bodies) {
        let kind = self.below(18);
        let known = self.any(|history| &history.people.users);
        let (Some((user, org)), true) = (known, kind > 0) else {
            let (user, organization) = (UserId(self.id()), self.any(|history| &history.orgs).expect("one"));
            self.people.users.push((user, organization));
            let event = UserRegistered { user, organization };
            return self.fact(bodies, Subject::User(user), Some(organization), event.into());
        };
        let (app, _) = self.any(|history| &history.apps).expect("an app");
        let session = SessionId(self.id());
        let reason = "a-reason".into();
        let roles = if self.below(2) == 0 { vec![UserRole::Customer] } else { vec![UserRole::Auditor] };
        let event: Event = match kind {
            1 => UserVerified { user }.into(),
            2 => UserRolesSet { user, roles }.into(),
            3 => UserDisabled { user, reason }.into(),
            4 => UserEnabled { user }.into(),
            5 => UserLinked { user, provider: "google".into() }.into(),
            6 => PasswordChanged { user }.into(),
            7 => UserSignedIn { user, session, app: Some(app), method: "google".into() }.into(),
            8 => SessionVerified { user, session, app: None }.into(),
            9..=10 => SessionRevoked { user, session, app: Some(app), reason }.into(),
            11 => SessionsRevoked { user, before: self.time, reason }.into(),
            12..=14 => AppAccessGranted { user, app, scopes: self.scopes() }.into(),
            15..=16 => AppAccessRevoked { user, app }.into(),
            _ => {
                let kid = format!("key-{}", self.below(3)).into();
                let state = [SigningKeyState::Published, SigningKeyState::Active, SigningKeyState::Retained];
                let state = state[self.below(3) as usize];
                let ledger = Subject::Ledger(self.ledger);
                return self.fact(bodies, ledger, None, SigningKeyChanged { kid, state }.into());
            }
        };
        self.fact(bodies, Subject::User(user), Some(org), event);
    }
}
