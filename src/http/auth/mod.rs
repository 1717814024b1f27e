//! People at browsers: signing in and out, and their account.

pub(super) mod account;
pub(super) mod browser;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod mailed;
pub(super) mod register;
