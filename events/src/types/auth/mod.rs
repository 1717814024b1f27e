//! Who may call: rare facts, from which the identity rows are rebuilt. Nothing in them is secret, and
//! nothing tells who a person is: a user is an id.

mod apps;
mod clients;
mod groups;
mod keys;
mod sessions;
mod tokens;
mod users;

pub use apps::{ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppRegistered, OrganizationRegistered};
pub use clients::{ClientSecretIssued, ClientSecretRevoked, ClientSet};
pub use groups::{GroupMemberAdded, GroupMemberRemoved, GroupRegistered, GroupRole};
pub use keys::{SigningKeyChanged, SigningKeyState};
pub use sessions::{SessionRevoked, SessionVerified, SessionsRevoked, UserSignedIn};
pub use tokens::{AppAccessGranted, AppAccessRevoked, RefreshReused, TokenRevoked};
pub use users::{
    PasswordChanged, UserDisabled, UserEnabled, UserLinked, UserRegistered, UserRole, UserRolesSet,
    UserVerified,
};
