//! To be replaced by branch i5-vault.
#![allow(missing_docs, clippy::all, unused_variables, dead_code)]
use super::*;
use events::{SessionId, UserId};
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
