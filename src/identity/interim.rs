//! To be replaced by branch i5-facts.
#![allow(missing_docs, clippy::all, unused_variables, dead_code)]
use super::*;
use events::{FamilyId, SessionId, Time, TokenId, UserId};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Client {
    pub app: AppId,
    pub org: OrgId,
    pub client_id: Box<str>,
    pub confidential: bool,
    pub grants: Vec<Box<str>>,
    pub redirect_uris: Vec<Box<str>>,
    pub logout_uris: Vec<Box<str>>,
    pub origins: Vec<Box<str>>,
    pub return_to: BTreeMap<Box<str>, Box<str>>,
    pub scopes: Scopes,
    pub audiences: Vec<Box<str>>,
    pub first_party: bool,
    pub display_name: Box<str>,
    pub disabled: bool,
}
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub org: OrgId,
    pub roles: Vec<events::UserRole>,
    pub disabled: bool,
    pub verified: bool,
}
pub struct Access {
    pub scopes: Scopes,
    pub granted: Time,
}
pub struct Denial {
    pub token: Option<TokenId>,
    pub session: Option<SessionId>,
    pub user: Option<UserId>,
    pub app: Option<AppId>,
    pub issued: Time,
}
impl Denial {
    pub fn of(claims: &tokens::Claims) -> Self {
        todo!()
    }
}
impl Identity {
    pub fn client_by_id(&self, id: &str) -> Option<Client> {
        None
    }
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
    pub fn accepts_secret(&self, app: AppId, text: &str, now: Time) -> bool {
        false
    }
    pub async fn revoke_token(
        &self,
        token: TokenId,
        app: AppId,
        user: Option<UserId>,
        until: Time,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        Ok(())
    }
    pub async fn refresh_reused(
        &self,
        app: AppId,
        user: Option<UserId>,
        family: FamilyId,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        Ok(())
    }
    pub async fn revoke_session(
        &self,
        user: UserId,
        session: SessionId,
        app: Option<AppId>,
        reason: &str,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        Ok(())
    }
    pub async fn grant_access(
        &self,
        user: UserId,
        app: AppId,
        scopes: Scopes,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        Ok(())
    }
    pub async fn revoke_access(
        &self,
        user: UserId,
        app: AppId,
        actor: Option<Box<str>>,
    ) -> Result<(), IdentityError> {
        Ok(())
    }
}
pub mod users {
    use super::*;
    pub struct Profile {
        pub name: Option<Box<str>>,
        pub email: Box<str>,
    }
    pub async fn profile(
        shelf: &vault::Shelf,
        user: UserId,
        now: Time,
    ) -> Result<Option<Profile>, vault::VaultError> {
        Ok(None)
    }
    pub enum SignInError {
        Wrong,
        Throttled(u64),
        Unavailable,
    }
    pub struct Session {
        pub user: UserId,
        pub session: SessionId,
    }
    pub async fn sign_in(
        service: &Service,
        email: &str,
        password: &str,
        address: std::net::IpAddr,
        agent: &str,
    ) -> Result<Session, SignInError> {
        Err(SignInError::Wrong)
    }
}
