//! People: at browsers, signing in and out, with their account, and in groups.

pub(super) mod account;
pub(super) mod browser;
pub(super) mod groups;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod mailed;
pub(super) mod register;
pub(super) mod sent;
