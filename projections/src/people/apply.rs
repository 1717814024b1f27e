//! What each fact makes of the rows.

use events::{
    AppAccessGranted, AppAccessRevoked, AppId, AuthEvent, ClientSecretIssued, ClientSecretRevoked, ClientSet,
    GroupMemberAdded, GroupMemberRemoved, GroupRegistered, Position, SessionRevoked, SigningKeyState, Time,
    TokenRevoked, UserId, UserRegistered,
};

use super::{
    AccessRow, ClientRow, GroupRow, MemberRow, People, PersonRow, RowKey, SecretRow, SessionRow,
    SigningKeyRow, TokenRow, UserRow,
};
use crate::{Fault, Poison};

/// Where and when a fact was recorded.
#[derive(Debug, Clone, Copy)]
struct At {
    position: Position,
    time: Time,
}

/// The rows that a fact made, changed or removed.
type Changed = Result<Vec<RowKey>, Poison>;

impl At {
    const fn unknown(self) -> Poison {
        Fault::Subject.at(self.position)
    }
}

impl People {
    /// Applies a fact; tells which rows it made, changed or removed. A fact that is recorded again, because
    /// whoever recorded it did not see that it was stored, makes the same rows again.
    ///
    /// # Errors
    /// When the user, the group or the app (`is_app`) that it is about is unknown.
    pub fn apply(
        &mut self,
        (position, time): (Position, Time),
        event: &AuthEvent,
        is_app: impl Fn(AppId) -> bool,
    ) -> Result<Vec<RowKey>, Poison> {
        let at = At { position, time };
        let known = |app| if is_app(app) { Ok(()) } else { Err(at.unknown()) };
        match event {
            AuthEvent::OrganizationRegistered(_)
            | AuthEvent::AppRegistered(_)
            | AuthEvent::ApiKeyIssued(_)
            | AuthEvent::ApiKeyExpirySet(_)
            | AuthEvent::ApiKeyRevoked(_)
            | AuthEvent::UserSignedIn(_)
            | AuthEvent::SessionVerified(_)
            | AuthEvent::RefreshReused(_) => Ok(Vec::new()),
            AuthEvent::ClientSet(e) => {
                known(e.app)?;
                Ok(self.client_set(at, e))
            }
            AuthEvent::ClientSecretIssued(e) => {
                known(e.app)?;
                Ok(self.secret_issued(at, e))
            }
            AuthEvent::ClientSecretRevoked(e) => self.secret_revoked(at, e),
            AuthEvent::AppAccessGranted(e) => {
                known(e.app)?;
                self.granted(at, e)
            }
            AuthEvent::AppAccessRevoked(e) => Ok(self.access_revoked(at, e)),
            AuthEvent::SessionRevoked(e) => Ok(self.session_revoked(at, e)),
            AuthEvent::TokenRevoked(e) => Ok(self.token_revoked(at, e)),
            AuthEvent::GroupRegistered(e) => Ok(self.group_registered(at, e)),
            AuthEvent::GroupMemberAdded(e) => self.member_added(at, e),
            AuthEvent::GroupMemberRemoved(e) => Ok(self.member_removed(at, e)),
            AuthEvent::SigningKeyChanged(e) => Ok(self.signing_key_changed(at, &e.kid, e.state)),
            AuthEvent::UserRegistered(e) => Ok(self.user_registered(at, e)),
            AuthEvent::UserVerified(e) => self.user_changed(at, e.user, |row| {
                row.verified.get_or_insert(time);
            }),
            AuthEvent::UserRolesSet(e) => self.user_changed(at, e.user, |row| row.roles.clone_from(&e.roles)),
            AuthEvent::UserDisabled(e) => self.user_changed(at, e.user, |row| {
                row.disabled.get_or_insert(time);
                row.before = row.before.max(Some(time));
            }),
            AuthEvent::UserEnabled(e) => self.user_changed(at, e.user, |row| row.disabled = None),
            AuthEvent::UserLinked(e) => self.user_changed(at, e.user, |row| {
                if !row.providers.contains(&e.provider) {
                    row.providers.push(e.provider.clone());
                }
            }),
            AuthEvent::PasswordChanged(e) => {
                self.user_changed(at, e.user, |row| row.before = row.before.max(Some(time)))
            }
            AuthEvent::SessionsRevoked(e) => {
                self.user_changed(at, e.user, |row| row.before = row.before.max(Some(e.before)))
            }
        }
    }

    fn user_registered(&mut self, at: At, e: &UserRegistered) -> Vec<RowKey> {
        self.made(PersonRow::User(UserRow {
            id: e.user,
            org: e.organization,
            registered: at.time,
            verified: None,
            roles: Vec::new(),
            disabled: None,
            before: None,
            providers: Vec::new(),
            changed: at.position,
        }))
    }

    fn group_registered(&mut self, at: At, e: &GroupRegistered) -> Vec<RowKey> {
        let (id, org, name) = (e.group, e.organization, e.name.clone());
        let row = GroupRow { id, org, name, registered: at.time, changed: at.position };
        self.made(PersonRow::Group(row))
    }

    fn session_revoked(&mut self, at: At, e: &SessionRevoked) -> Vec<RowKey> {
        let (id, user) = (e.session, e.user);
        self.denied(at, PersonRow::Session(SessionRow { id, user, revoked: at.time, changed: at.position }))
    }

    fn token_revoked(&mut self, at: At, e: &TokenRevoked) -> Vec<RowKey> {
        let (id, app, until) = (e.token, e.app, e.until);
        let row = TokenRow { id, app, revoked: at.time, until, changed: at.position };
        self.denied(at, PersonRow::Token(row))
    }

    fn client_set(&mut self, at: At, set: &ClientSet) -> Vec<RowKey> {
        let row = ClientRow { set: set.clone(), since: at.time, changed: at.position };
        self.replaced(PersonRow::Client(row))
    }

    fn secret_revoked(&mut self, at: At, e: &ClientSecretRevoked) -> Changed {
        let row = self.secret(e.secret).filter(|row| row.app == e.app).cloned();
        let mut row = row.ok_or(at.unknown())?;
        row.revoked.get_or_insert(at.time);
        Ok(self.replaced(PersonRow::Secret(SecretRow { changed: at.position, ..row })))
    }

    /// A thing that came to be stays as it is when that is told again.
    fn made(&mut self, row: PersonRow) -> Vec<RowKey> {
        let key = row.key();
        self.rows.entry(key.clone()).or_insert(row);
        vec![key]
    }

    fn replaced(&mut self, row: PersonRow) -> Vec<RowKey> {
        let key = row.key();
        self.rows.insert(key.clone(), row);
        vec![key]
    }

    fn user_changed(&mut self, at: At, user: UserId, change: impl FnOnce(&mut UserRow)) -> Changed {
        let mut row = self.user(user).cloned().ok_or(at.unknown())?;
        change(&mut row);
        Ok(self.replaced(PersonRow::User(UserRow { changed: at.position, ..row })))
    }

    /// Remembers an early end, and forgets those that are over.
    fn denied(&mut self, at: At, row: PersonRow) -> Vec<RowKey> {
        let mut changed = self.forget(at.time);
        changed.extend(self.made(row));
        changed
    }

    fn secret_issued(&mut self, at: At, e: &ClientSecretIssued) -> Vec<RowKey> {
        // Issued again it stays as it is, or a revoked secret would come back to life.
        self.made(PersonRow::Secret(SecretRow {
            id: e.secret,
            app: e.app,
            verifier: e.verifier,
            issued: at.time,
            expires: e.expires,
            revoked: None,
            changed: at.position,
        }))
    }

    fn granted(&mut self, at: At, e: &AppAccessGranted) -> Changed {
        self.user(e.user).ok_or(at.unknown())?;
        let live = self.last_access(e.user, e.app).filter(|row| row.revoked.is_none()).cloned();
        let mut changed = Vec::new();
        if let Some(row) = live {
            if row.scopes == e.scopes {
                return Ok(changed);
            }
            let ended = AccessRow { revoked: Some(at.time), changed: at.position, ..row };
            changed.extend(self.replaced(PersonRow::Access(ended)));
        }
        changed.extend(self.replaced(PersonRow::Access(AccessRow {
            user: e.user,
            app: e.app,
            scopes: e.scopes.clone(),
            granted: at.time,
            revoked: None,
            at: at.position,
            changed: at.position,
        })));
        Ok(changed)
    }

    fn access_revoked(&mut self, at: At, e: &AppAccessRevoked) -> Vec<RowKey> {
        let live = self.last_access(e.user, e.app).filter(|row| row.revoked.is_none()).cloned();
        let ended = live.map(|row| AccessRow { revoked: Some(at.time), changed: at.position, ..row });
        ended.map_or_else(Vec::new, |row| self.replaced(PersonRow::Access(row)))
    }

    fn member_added(&mut self, at: At, e: &GroupMemberAdded) -> Changed {
        self.user(e.user).ok_or(at.unknown())?;
        self.group(e.group).ok_or(at.unknown())?;
        let live = self.last_membership(e.group, e.user).filter(|row| row.removed.is_none()).cloned();
        let mut changed = Vec::new();
        if let Some(row) = live {
            if row.role == e.role {
                return Ok(changed);
            }
            let ended = MemberRow { removed: Some(at.time), changed: at.position, ..row };
            changed.extend(self.replaced(PersonRow::Member(ended)));
        }
        changed.extend(self.replaced(PersonRow::Member(MemberRow {
            group: e.group,
            user: e.user,
            role: e.role,
            added: at.time,
            added_by: e.added_by,
            removed: None,
            at: at.position,
            changed: at.position,
        })));
        Ok(changed)
    }

    fn member_removed(&mut self, at: At, e: &GroupMemberRemoved) -> Vec<RowKey> {
        let live = self.last_membership(e.group, e.user).filter(|row| row.removed.is_none()).cloned();
        let ended = live.map(|row| MemberRow { removed: Some(at.time), changed: at.position, ..row });
        ended.map_or_else(Vec::new, |row| self.replaced(PersonRow::Member(row)))
    }

    /// Never back in its life: a revoked key stays revoked.
    fn signing_key_changed(&mut self, at: At, kid: &str, state: SigningKeyState) -> Vec<RowKey> {
        if self.signing_key(kid).is_some_and(|known| known.state >= state) {
            return Vec::new();
        }
        let row = SigningKeyRow { kid: kid.into(), state, since: at.time, changed: at.position };
        self.replaced(PersonRow::SigningKey(row))
    }
}
