//! The endpoints of the authorization server. Their errors are those of RFC 6749, not problems: OAuth
//! clients expect `error` and `error_description`.

mod answer;
pub(super) mod authorize;
mod checked;
pub(super) mod consent;
pub(super) mod documents;
pub(super) mod end_session;
pub(super) mod inspect;
pub(super) mod token;
pub(super) mod userinfo;

pub(super) use answer::OauthProblem;
pub(super) use checked::{Addressed, app_of};
