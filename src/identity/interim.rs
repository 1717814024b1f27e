//! To be replaced by branch i5-facts.
#![allow(missing_docs, clippy::all, unused_variables, dead_code)]
use super::*;
use events::*;
#[derive(Debug, Clone)]
pub struct Client {
    pub first_party: bool,
}
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub org: OrgId,
    pub roles: Vec<UserRole>,
    pub disabled: bool,
}
pub struct Access {
    pub scopes: Scopes,
    pub granted: Time,
}
pub struct Denial;
impl Denial {
    pub fn of(c: &tokens::Claims) -> Self {
        Self
    }
}
pub struct Member {
    pub user: UserId,
}
impl Identity {
    pub fn client(&self, app: AppId) -> Option<Client> {
        None
    }
    pub fn user(&self, id: UserId) -> Option<User> {
        None
    }
    pub fn access(&self, id: UserId, app: AppId) -> Option<Access> {
        None
    }
    pub fn denied(&self, denial: &Denial) -> bool {
        false
    }
    pub fn group(&self, id: GroupId) -> Option<()> {
        None
    }
    pub fn is_member(&self, id: GroupId, user: UserId) -> bool {
        false
    }
    pub fn members(&self, id: GroupId) -> Vec<Member> {
        Vec::new()
    }
    pub async fn signing_key_changed(
        &self,
        kid: &str,
        state: SigningKeyState,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        Ok(())
    }
}
