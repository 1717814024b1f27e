//! Which of the scopes that a request asks for it gets (RFC 6749 section 3.3).

use super::{ErrorCode, OauthError};
use crate::identity::{Scope, Scopes};

/// The scopes that are asked for, between spaces; all that are allowed when nothing is asked for. Beside
/// `openid`, unknown ones are passed over (OpenID Connect Core section 3.1.2.1).
///
/// # Errors
/// [`ErrorCode::InvalidScope`] when one is unknown or not allowed, or when none is left.
pub fn select(asked: Option<&str>, allowed: Scopes) -> Result<Scopes, OauthError> {
    let wrong = |description| OauthError::new(ErrorCode::InvalidScope, description);
    let Some(asked) = asked else {
        return if allowed.is_empty() { Err(wrong("the client has no scope")) } else { Ok(allowed) };
    };
    let names = asked.split(' ').filter(|name| !name.is_empty());
    let is_oidc = names.clone().any(|name| name == Scope::Openid.as_str());
    let scopes = names.map(str::parse::<Scope>).filter(|scope| scope.is_ok() || !is_oidc);
    let scopes: Result<Scopes, _> = scopes.collect();
    let scopes = scopes.map_err(|_| wrong("a scope is unknown"))?;
    if scopes.is_empty() {
        return Err(wrong("scope names no scope"));
    }
    if !allowed.covers(scopes) {
        return Err(wrong("a scope is more than is allowed here"));
    }
    Ok(scopes)
}

/// What is asked for, as far as it is allowed. Whoever asks for everything, and may not have everything, is
/// not given all the rest one by one.
#[must_use]
pub fn within(asked: Scopes, allowed: Scopes) -> Scopes {
    asked.iter().filter(|scope| allowed.contains(*scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Scopes {
        text.parse().expect("scopes")
    }

    #[test]
    fn what_is_asked_for_is_given_within_what_is_allowed() {
        let allowed = set("credits:check,credits:deduct");
        assert_eq!(select(None, allowed), Ok(allowed));
        assert_eq!(select(Some("credits:check"), allowed), Ok(set("credits:check")));
        assert_eq!(select(Some(" credits:deduct  credits:check "), allowed), Ok(allowed));
        for asked in [
            "credits:read",
            "credits:check credits:read",
            "admin",
            "nonsense",
            " ",
            "credits:check,credits:deduct",
        ] {
            let error = select(Some(asked), allowed).expect_err(asked);
            assert_eq!(error.code, ErrorCode::InvalidScope, "{asked}");
        }
        assert_eq!(select(Some("openid drive.file"), set("openid,email")), Ok(set("openid")));
        assert!(select(Some("openid drive.file"), allowed).is_err(), "openid is not allowed");
        assert!(select(Some("email drive.file"), set("openid,email")).is_err(), "plain OAuth");
        assert!(select(None, Scopes::NONE).is_err());
        assert_eq!(select(Some("credits:read"), Scopes::ADMIN), Ok(set("credits:read")));
    }

    #[test]
    fn what_is_not_allowed_is_left_out() {
        let allowed = set("credits:check,credits:deduct");
        assert_eq!(within(set("credits:check,admin"), allowed), set("credits:check"));
        assert_eq!(within(set("credits:check"), Scopes::ADMIN), set("credits:check"));
    }
}
