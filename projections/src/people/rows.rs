//! Rows about people and what acts for them, each as it is after the last fact about it.

use events::{
    AppId, ClientSet, GroupId, GroupRole, OrgId, Position, SecretId, SessionId, SigningKeyState, Time,
    TokenId, UserId, UserRole, Verifier,
};
use serde::{Deserialize, Serialize};

/// Which row it is. Rows of one kind stand together, and so do those of one app or group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// A user.
    User(UserId),
    /// A user's grant to an app, by the position of the granting.
    Access(AppId, UserId, Position),
    /// A group.
    Group(GroupId),
    /// A user's time in a group, in one role, by the position of the joining.
    Member(GroupId, UserId, Position),
    /// An app as a client.
    Client(AppId),
    /// A client's secret.
    Secret(SecretId),
    /// A session that ended early.
    Session(SessionId),
    /// A token that ended early.
    Token(TokenId),
    /// A key that signs tokens, by its `kid`.
    SigningKey(Box<str>),
}

impl RowKey {
    /// The key as bytes in the same order.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(41);
        let (kind, ids, position) = match self {
            Self::User(user) => (1, [Some(user.0), None], None),
            Self::Access(app, user, position) => (2, [Some(app.0), Some(user.0)], Some(*position)),
            Self::Group(group) => (3, [Some(group.0), None], None),
            Self::Member(group, user, position) => (4, [Some(group.0), Some(user.0)], Some(*position)),
            Self::Client(app) => (5, [Some(app.0), None], None),
            Self::Secret(secret) => (6, [Some(secret.0), None], None),
            Self::Session(session) => (7, [Some(session.0), None], None),
            Self::Token(token) => (8, [Some(token.0), None], None),
            Self::SigningKey(_) => (9, [None, None], None),
        };
        bytes.push(kind);
        ids.iter().flatten().for_each(|id| bytes.extend_from_slice(id.as_bytes()));
        bytes.extend(position.into_iter().flat_map(|position| position.get().to_be_bytes()));
        if let Self::SigningKey(kid) = self {
            bytes.extend_from_slice(kid.as_bytes());
        }
        bytes
    }

    /// The first and the last bytes that a grant to an app may have.
    #[must_use]
    pub fn of_app(app: AppId) -> (Vec<u8>, Vec<u8>) {
        let end = |id: u128, position| {
            Self::Access(app, UserId(uuid::Uuid::from_u128(id)), Position(position)).bytes()
        };
        (end(0, 0), end(u128::MAX, u64::MAX))
    }
}

/// A row of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonRow {
    /// A user.
    User(UserRow),
    /// A user's grant to an app.
    Access(AccessRow),
    /// A group.
    Group(GroupRow),
    /// A user's time in a group.
    Member(MemberRow),
    /// An app as a client.
    Client(ClientRow),
    /// A client's secret.
    Secret(SecretRow),
    /// A session that ended early.
    Session(SessionRow),
    /// A token that ended early.
    Token(TokenRow),
    /// A key that signs tokens.
    SigningKey(SigningKeyRow),
}

impl PersonRow {
    /// Which row it is.
    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::User(row) => RowKey::User(row.id),
            Self::Access(row) => RowKey::Access(row.app, row.user, row.at),
            Self::Group(row) => RowKey::Group(row.id),
            Self::Member(row) => RowKey::Member(row.group, row.user, row.at),
            Self::Client(row) => RowKey::Client(row.set.app),
            Self::Secret(row) => RowKey::Secret(row.id),
            Self::Session(row) => RowKey::Session(row.id),
            Self::Token(row) => RowKey::Token(row.id),
            Self::SigningKey(row) => RowKey::SigningKey(row.kid.clone()),
        }
    }

    /// What a user granted to an app, if it is that.
    #[must_use]
    pub const fn access(&self) -> Option<&AccessRow> {
        if let Self::Access(row) = self { Some(row) } else { None }
    }

    /// A user's time in a group, if it is that.
    #[must_use]
    pub const fn member(&self) -> Option<&MemberRow> {
        if let Self::Member(row) = self { Some(row) } else { None }
    }

    /// Of what ended early: when it did so or, of a token, would have ended, whatever is later.
    #[must_use]
    pub fn shown_until(&self) -> Option<Time> {
        match self {
            Self::Session(row) => Some(row.revoked),
            Self::Token(row) => Some(row.revoked.max(row.until)),
            Self::User(_)
            | Self::Access(_)
            | Self::Group(_)
            | Self::Member(_)
            | Self::Client(_)
            | Self::Secret(_)
            | Self::SigningKey(_) => None,
        }
    }

    /// When it ended, of what ended early.
    #[must_use]
    pub const fn ended(&self) -> Option<Time> {
        match self {
            Self::Session(row) => Some(row.revoked),
            Self::Token(row) => Some(row.revoked),
            Self::User(_)
            | Self::Access(_)
            | Self::Group(_)
            | Self::Member(_)
            | Self::Client(_)
            | Self::Secret(_)
            | Self::SigningKey(_) => None,
        }
    }

    /// Position of the last fact that changed it.
    #[must_use]
    pub const fn changed(&self) -> Position {
        match self {
            Self::User(row) => row.changed,
            Self::Access(row) => row.changed,
            Self::Group(row) => row.changed,
            Self::Member(row) => row.changed,
            Self::Client(row) => row.changed,
            Self::Secret(row) => row.changed,
            Self::Session(row) => row.changed,
            Self::Token(row) => row.changed,
            Self::SigningKey(row) => row.changed,
        }
    }
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
            /// Position of the last fact that changed the row.
            pub changed: Position,
        }
    )+};
}

rows! {
    /// A user.
    UserRow {
        /// Its id, which is its wallet's too.
        id: UserId,
        /// The organization it belongs to.
        org: OrgId,
        /// When it was registered.
        registered: Time,
        /// When it showed that its mail reaches it, if it did.
        verified: Option<Time>,
        /// What it may do.
        roles: Vec<UserRole>,
        /// Since when it may do nothing, if so.
        disabled: Option<Time>,
        /// Sessions and tokens from before this time ended.
        before: Option<Time>,
        /// Through whom it may sign in, beside its password.
        providers: Vec<Box<str>>,
    }

    /// A user's grant to an app, with the same scopes all the time. The row stays when it ends: who
    /// was told of a fact follows from what was granted then.
    AccessRow {
        /// The user.
        user: UserId,
        /// The app.
        app: AppId,
        /// What it may do.
        scopes: Vec<Box<str>>,
        /// When it was granted.
        granted: Time,
        /// When it ended or another grant took its place, if so.
        revoked: Option<Time>,
        /// Position of the granting.
        at: Position,
    }

    /// A group.
    GroupRow {
        /// Its id; a wallet with the same id is its own.
        id: GroupId,
        /// The organization it belongs to.
        org: OrgId,
        /// Its name, unique in the organization.
        name: Box<str>,
        /// When it was registered.
        registered: Time,
    }

    /// A user's time in a group, in one role.
    MemberRow {
        /// The group.
        group: GroupId,
        /// The member.
        user: UserId,
        /// What it may do there.
        role: GroupRole,
        /// When it joined, or was given this role.
        added: Time,
        /// The user who added it, if it was one.
        added_by: Option<UserId>,
        /// When it left or was given another role, if so.
        removed: Option<Time>,
        /// Position of the joining.
        at: Position,
    }

    /// An app as a client of the authorization server.
    ClientRow {
        /// Everything about it.
        set: ClientSet,
        /// Since when it is so.
        since: Time,
    }

    /// A client's secret.
    SecretRow {
        /// Its public id.
        id: SecretId,
        /// Whose it is.
        app: AppId,
        /// The keyed hash of its secret part.
        verifier: Verifier,
        /// When it was issued.
        issued: Time,
        /// From when on it is no longer accepted, if it ends.
        expires: Option<Time>,
        /// When it was revoked, if it was.
        revoked: Option<Time>,
    }

    /// A session that ended early, kept while its tokens could still be shown.
    SessionRow {
        /// The session.
        id: SessionId,
        /// Whose it was.
        user: UserId,
        /// When it ended.
        revoked: Time,
    }

    /// A token that ended early, kept while it could still be shown.
    TokenRow {
        /// Its `jti`.
        id: TokenId,
        /// Who had it.
        app: AppId,
        /// When it ended.
        revoked: Time,
        /// When it would have ended.
        until: Time,
    }

    /// A key that signs tokens.
    SigningKeyRow {
        /// Its id in the headers of tokens.
        kid: Box<str>,
        /// How far it is in its life.
        state: SigningKeyState,
        /// Since when.
        since: Time,
    }
}
