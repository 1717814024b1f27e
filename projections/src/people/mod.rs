//! Users, what they granted to whom, groups, clients, and what ended early. There is one row a thing,
//! kept where the organizations and apps are, and the directory of a running server holds the same rows.

mod apply;
mod rows;

pub use rows::{
    AccessRow, ClientRow, GroupRow, MemberRow, PersonRow, RowKey, SecretRow, SessionRow, SigningKeyRow,
    TokenRow, UserRow,
};

use std::collections::BTreeMap;

use events::{AppId, GroupId, Position, SecretId, SessionId, Time, TokenId, UserId};

/// For how long an early end is remembered: longer than any access token is accepted, which is an hour and
/// the seconds that clocks may be apart.
pub const DENIALS_KEPT_MICROS: i64 = 3_700_000_000;

/// All rows about people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    rows: BTreeMap<RowKey, PersonRow>,
}

/// The row of a kind under a key.
macro_rules! row {
    ($people:expr, $kind:ident, $key:expr) => {
        match $people.rows.get(&$key) {
            Some(PersonRow::$kind(row)) => Some(row),
            _ => None,
        }
    };
}

impl People {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One row.
    #[must_use]
    pub fn get(&self, key: &RowKey) -> Option<&PersonRow> {
        self.rows.get(key)
    }

    /// Every row, in order of its key.
    pub fn iter(&self) -> impl Iterator<Item = (&RowKey, &PersonRow)> {
        self.rows.iter()
    }

    /// All rows themselves.
    pub fn into_rows(self) -> impl Iterator<Item = PersonRow> {
        self.rows.into_values()
    }

    /// Puts a row in, unless the one that is there is as new.
    pub fn put(&mut self, row: PersonRow) -> bool {
        let key = row.key();
        let is_newer = self.rows.get(&key).is_none_or(|known| known.changed() < row.changed());
        if is_newer {
            self.rows.insert(key, row);
        }
        is_newer
    }

    /// A user.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&UserRow> {
        row!(self, User, RowKey::User(id))
    }

    /// A group.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&GroupRow> {
        row!(self, Group, RowKey::Group(id))
    }

    /// An app as a client.
    #[must_use]
    pub fn client(&self, app: AppId) -> Option<&ClientRow> {
        row!(self, Client, RowKey::Client(app))
    }

    /// A client's secret.
    #[must_use]
    pub fn secret(&self, id: SecretId) -> Option<&SecretRow> {
        row!(self, Secret, RowKey::Secret(id))
    }

    /// A session that ended early.
    #[must_use]
    pub fn ended_session(&self, id: SessionId) -> Option<&SessionRow> {
        row!(self, Session, RowKey::Session(id))
    }

    /// A token that ended early.
    #[must_use]
    pub fn ended_token(&self, id: TokenId) -> Option<&TokenRow> {
        row!(self, Token, RowKey::Token(id))
    }

    /// A key that signs tokens.
    #[must_use]
    pub fn signing_key(&self, kid: &str) -> Option<&SigningKeyRow> {
        row!(self, SigningKey, RowKey::SigningKey(kid.into()))
    }

    /// A user's grants to an app, oldest first, ended or not.
    pub fn accesses(&self, user: UserId, app: AppId) -> impl DoubleEndedIterator<Item = &AccessRow> {
        let all = RowKey::Access(app, user, Position(0))..=RowKey::Access(app, user, Position(u64::MAX));
        self.rows.range(all).filter_map(|(_, row)| row.access())
    }

    /// A user's last grant to an app, ended or not.
    #[must_use]
    pub fn last_access(&self, user: UserId, app: AppId) -> Option<&AccessRow> {
        self.accesses(user, app).next_back()
    }

    /// A user's last time in a group, ended or not.
    #[must_use]
    pub fn last_membership(&self, group: GroupId, user: UserId) -> Option<&MemberRow> {
        let all = RowKey::Member(group, user, Position(0))..=RowKey::Member(group, user, Position(u64::MAX));
        self.rows.range(all).next_back().and_then(|(_, row)| row.member())
    }

    /// Who is in a group now, by id.
    pub fn members(&self, group: GroupId) -> impl Iterator<Item = &MemberRow> {
        let first = UserId(uuid::Uuid::nil());
        let last = UserId(uuid::Uuid::max());
        let all = RowKey::Member(group, first, Position(0))..=RowKey::Member(group, last, Position(u64::MAX));
        self.rows.range(all).filter_map(|(_, row)| row.member()).filter(|row| row.removed.is_none())
    }

    /// Removes what need not be remembered at this time any more, and tells what that was.
    pub fn forget(&mut self, now: Time) -> Vec<RowKey> {
        let first = RowKey::Session(SessionId(uuid::Uuid::nil()));
        let last = RowKey::Token(TokenId(uuid::Uuid::max()));
        let is_over = |time: Time| time.micros().saturating_add(DENIALS_KEPT_MICROS) < now.micros();
        let over = self.rows.range(first..=last).filter(|(_, row)| row.shown_until().is_some_and(is_over));
        let over: Vec<RowKey> = over.map(|(key, _)| key.clone()).collect();
        over.iter().for_each(|key| drop(self.rows.remove(key)));
        over
    }
}

#[cfg(test)]
mod tests;
