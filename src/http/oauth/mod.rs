//! The endpoints of the authorization server. Their errors are those of RFC 6749, not problems: OAuth
//! clients expect `error` and `error_description`.

mod answer;
mod authorize;
mod checked;
mod consent;
mod documents;
mod end_session;
mod inspect;
mod token;
mod userinfo;

pub(super) use answer::OauthProblem;
pub(super) use authorize::{show as authorize, take as authorize_by_form};
pub(super) use consent::decide;
pub(super) use documents::{authorization_server, jwks, openid_configuration};
pub(super) use end_session::{by_form as end_session_by_form, by_link as end_session};
pub(super) use inspect::{introspect, revoke};
pub(super) use token::token;
pub(super) use userinfo::{by_form as userinfo_by_form, userinfo};
