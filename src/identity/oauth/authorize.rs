//! What a browser brings to `/oauth/authorize`, and what happens next. Until the client and its
//! redirect URI are verified, nothing is sent anywhere: errors are shown to the person at the browser.

use std::collections::BTreeSet;

use events::Time;

use super::{ErrorCode, OauthError, params::Params, pkce::Challenge, token::resources};

/// The longest `state` and `nonce`.
const OPAQUE_BYTES_MAX: usize = 2_048;

/// Marks a request that is made again after a sign-in, so that an account that does not fit is not asked
/// for for ever.
const SIGNED_IN: &str = "signed_in";

/// Who asks, and where the answer shall go: not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// The client's public name.
    pub client_id: &'a str,
    /// Where the answer shall go.
    pub redirect_uri: &'a str,
}

impl<'a> Target<'a> {
    /// Reads who asks.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRequest`], to be shown and never redirected.
    pub fn parse(params: &'a Params) -> Result<Self, OauthError> {
        let (client_id, redirect_uri) = (params.required("client_id")?, params.required("redirect_uri")?);
        Ok(Self { client_id, redirect_uri })
    }
}

/// What `prompt` may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prompt {
    /// Show nothing: answer or fail.
    None,
    /// Ask for the password again.
    Login,
    /// Ask whether the app may, even if it may already.
    Consent,
    /// Let somebody who has no account make one (Initiating User Registration via OpenID Connect 1.0).
    Create,
    /// Let the user choose an account: there is one at a time, so sign in again.
    SelectAccount,
}

impl Prompt {
    /// Every value that is supported.
    pub const ALL: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("login", Self::Login),
        ("consent", Self::Consent),
        ("create", Self::Create),
        ("select_account", Self::SelectAccount),
    ];
}

/// How the client is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The browser is sent to the redirect URI.
    Query,
    /// A page of ours posts the answer to the window that opened it, or that it is framed in
    /// (draft-sakimura-oauth-wmrm).
    WebMessage,
}

impl Mode {
    /// Every value that is supported.
    pub const ALL: [(&'static str, Self); 2] = [("query", Self::Query), ("web_message", Self::WebMessage)];

    /// Reads how the client wants to be answered.
    ///
    /// # Errors
    /// When it is unknown, or there twice.
    pub fn parse(params: &Params) -> Result<Self, OauthError> {
        let Some(asked) = params.optional("response_mode")? else { return Ok(Self::Query) };
        let known = Self::ALL.iter().find(|(name, _)| *name == asked).map(|(_, mode)| *mode);
        known.ok_or_else(|| OauthError::request("response_mode must be query or web_message"))
    }
}

/// What is asked for. The parameter `state` is not in it: it belongs to the answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How the client is answered.
    pub mode: Mode,
    /// By what the redeemer of the code will be recognized.
    pub challenge: Challenge,
    /// Scopes, when any are named.
    pub scope: Option<Box<str>>,
    /// For the ID token.
    pub nonce: Option<Box<str>>,
    /// What to show, or not to.
    pub prompt: BTreeSet<Prompt>,
    /// The most seconds since the password was asked for.
    pub max_age: Option<u32>,
    /// The address to put into the sign-in form.
    pub login_hint: Option<Box<str>>,
    /// An ID token of the only user that may be answered for.
    pub id_token_hint: Option<Box<str>>,
    /// Whether somebody was asked to sign in for this request already.
    pub was_signed_in: bool,
    /// What the token will be for.
    pub resources: Vec<Box<str>>,
}

/// The parameter `state`, to be given back as it came.
///
/// # Errors
/// When it is there twice or too long.
pub fn state(params: &Params) -> Result<Option<&str>, OauthError> {
    let state = params.optional("state")?;
    if state.is_some_and(|state| state.len() > OPAQUE_BYTES_MAX) {
        return Err(OauthError::request("state is too long"));
    }
    Ok(state)
}

impl Asked {
    /// Reads the rest of a request whose target is verified.
    ///
    /// # Errors
    /// As RFC 6749 section 4.1.2.1 and OpenID Connect Core section 3.1.2.6 say; to be redirected.
    pub fn parse(params: &Params) -> Result<Self, OauthError> {
        if params.optional("request")?.is_some() {
            return Err(OauthError::new(ErrorCode::RequestNotSupported, "request objects are not supported"));
        }
        if params.optional("request_uri")?.is_some() {
            return Err(OauthError::new(ErrorCode::RequestUriNotSupported, "request_uri is not supported"));
        }
        if params.required("response_type")? != "code" {
            return Err(OauthError::new(ErrorCode::UnsupportedResponseType, "response_type must be code"));
        }
        let mode = Mode::parse(params)?;
        let challenge =
            Challenge::parse(params.optional("code_challenge")?, params.optional("code_challenge_method")?)?;
        let nonce = params.optional("nonce")?;
        if nonce.is_some_and(|nonce| nonce.len() > OPAQUE_BYTES_MAX) {
            return Err(OauthError::request("nonce is too long"));
        }
        let max_age = params.optional("max_age")?.map(str::parse).transpose();
        Ok(Self {
            mode,
            challenge,
            scope: params.optional("scope")?.map(Box::from),
            nonce: nonce.map(Box::from),
            prompt: prompt(params)?,
            max_age: max_age.map_err(|_| OauthError::request("max_age is a number of seconds"))?,
            login_hint: params.optional("login_hint")?.map(Box::from),
            id_token_hint: params.optional("id_token_hint")?.map(Box::from),
            was_signed_in: params.optional(SIGNED_IN)?.is_some(),
            resources: resources(params),
        })
    }

    /// What happens next. `signed_in` is since when somebody is; `consented`, whether what is asked for
    /// was agreed to, or needs no agreement.
    #[must_use]
    pub fn next(&self, signed_in: Option<Time>, consented: bool, now: Time) -> Next {
        let asks = |prompt| self.prompt.contains(&prompt);
        let silent = asks(Prompt::None);
        let again = asks(Prompt::Login) || asks(Prompt::SelectAccount);
        let stale = |since: Time| match self.max_age {
            // The same as asking for the password again (OpenID Connect Core section 3.1.2.1).
            Some(0) => true,
            Some(seconds) => now > since.plus_micros(i64::from(seconds) * 1_000_000),
            None => false,
        };
        let fit = signed_in.filter(|since| !again && !stale(*since));
        match (fit, consented && !asks(Prompt::Consent)) {
            (None, _) if silent => {
                Next::Fail(OauthError::new(ErrorCode::LoginRequired, "nobody is signed in"))
            }
            (None, _) => Next::SignIn,
            (Some(_), true) => Next::Answer,
            (Some(_), false) if silent => {
                Next::Fail(OauthError::new(ErrorCode::ConsentRequired, "the user has not agreed yet"))
            }
            (Some(_), false) => Next::Consent,
        }
    }
}

fn prompt(params: &Params) -> Result<BTreeSet<Prompt>, OauthError> {
    let words = params.optional("prompt")?.unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    let known = |word: &str| Prompt::ALL.iter().find(|(name, _)| *name == word).map(|(_, prompt)| *prompt);
    let prompt: Option<BTreeSet<_>> = words.map(known).collect();
    let prompt = prompt.ok_or_else(|| OauthError::request("prompt has an unknown value"))?;
    if prompt.contains(&Prompt::None) && prompt.len() > 1 {
        return Err(OauthError::request("prompt=none stands alone"));
    }
    Ok(prompt)
}

/// What happens next at `/oauth/authorize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Somebody signs in, and the request is made again: see [`after_sign_in`].
    SignIn,
    /// The user is asked.
    Consent,
    /// The client gets its code.
    Answer,
    /// The client is told why not.
    Fail(OauthError),
}

/// The request as it goes on after somebody has signed in for it: what made the sign-in necessary
/// is done. A client that must be sure compares the ID token's `auth_time`.
#[must_use]
pub fn after_sign_in(params: &Params) -> Params {
    let kept = match params.optional("prompt") {
        Ok(Some(words)) if words.split(' ').any(|word| word == "consent") => Some("consent"),
        _ => None,
    };
    let rest = params.clone().without("prompt").without("max_age").without(SIGNED_IN);
    let rest = match kept {
        Some(prompt) => rest.with("prompt", prompt),
        None => rest,
    };
    if rest.all("id_token_hint").next().is_some() { rest.with(SIGNED_IN, "1") } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fa.example%2Fcb&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn params(more: &str) -> Params {
        Params::parse(&format!("{GOOD}&{more}")).expect("a query")
    }

    fn asked(more: &str) -> Result<Asked, ErrorCode> {
        Asked::parse(&params(more)).map_err(|error| error.code)
    }

    #[test]
    fn a_whole_request_is_read() {
        let asked =
            asked("scope=openid+email&nonce=n&prompt=login+consent&max_age=60&login_hint=a%40b&resource=r")
                .expect("a request");
        assert_eq!(asked.scope.as_deref(), Some("openid email"));
        assert_eq!(asked.prompt, BTreeSet::from([Prompt::Login, Prompt::Consent]));
        assert_eq!((asked.max_age, asked.nonce.as_deref()), (Some(60), Some("n")));
        assert_eq!((asked.login_hint.as_deref(), &*asked.resources), (Some("a@b"), ["r".into()].as_slice()));
        let query = params("state=s");
        let target = Target { client_id: "app", redirect_uri: "https://a.example/cb" };
        assert_eq!((Target::parse(&query), state(&query)), (Ok(target), Ok(Some("s"))));
    }

    #[test]
    fn what_is_not_supported_has_its_own_error() {
        for (query, code) in [
            (GOOD.replace("type=code", "type=token"), ErrorCode::UnsupportedResponseType),
            (GOOD.replace("type=code", "type=code+id_token"), ErrorCode::UnsupportedResponseType),
            (GOOD.replace("response_type=code&", ""), ErrorCode::InvalidRequest),
            (GOOD.replace("S256", "plain"), ErrorCode::InvalidRequest),
            (GOOD.replace("&code_challenge_method=S256", ""), ErrorCode::InvalidRequest),
            (format!("{GOOD}&request=x"), ErrorCode::RequestNotSupported),
            (format!("{GOOD}&request_uri=x"), ErrorCode::RequestUriNotSupported),
            (format!("{GOOD}&response_mode=fragment"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&response_mode=query&response_mode=web_message"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&prompt=none+login"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&prompt=delete"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&max_age=-1"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&nonce=a&nonce=b"), ErrorCode::InvalidRequest),
        ] {
            let params = Params::parse(&query).expect("a query");
            assert_eq!(Asked::parse(&params).map_err(|error| error.code).err(), Some(code), "{query}");
        }
    }

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_happens_next_depends_on_who_is_there_and_what_was_agreed() {
        let next = |more: &str, since: Option<i64>, consented| {
            let next = asked(more).expect("a request").next(since.map(at), consented, at(1_000));
            match next {
                Next::SignIn => "sign in",
                Next::Consent => "consent",
                Next::Answer => "answer",
                Next::Fail(error) => error.code.as_str(),
            }
        };
        for (more, since, consented, expected) in [
            ("", None, false, "sign in"),
            ("", None, true, "sign in"),
            ("", Some(1), false, "consent"),
            ("", Some(1), true, "answer"),
            ("prompt=none", None, true, "login_required"),
            ("prompt=none", Some(1), false, "consent_required"),
            ("prompt=none", Some(1), true, "answer"),
            ("prompt=none&max_age=10", Some(1), true, "login_required"),
            ("prompt=login", Some(1), true, "sign in"),
            ("prompt=select_account", Some(1), true, "sign in"),
            ("prompt=consent", Some(1), true, "consent"),
            ("max_age=10", Some(990), true, "answer"),
            ("max_age=10", Some(989), true, "sign in"),
            ("max_age=0", Some(1_000), true, "sign in"),
        ] {
            assert_eq!(next(more, since, consented), expected, "{more} {since:?} {consented}");
        }
    }

    #[test]
    fn a_sign_in_is_asked_for_once() {
        let query = after_sign_in(&params("prompt=login+consent&max_age=0&state=s"));
        let asked = Asked::parse(&query).expect("a request");
        assert_eq!(
            (asked.prompt.into_iter().collect::<Vec<_>>(), asked.max_age),
            (vec![Prompt::Consent], None)
        );
        assert_eq!(state(&query), Ok(Some("s")));
        assert!(Asked::parse(&after_sign_in(&params("prompt=login"))).expect("a request").prompt.is_empty());
        let hinted = after_sign_in(&after_sign_in(&params("id_token_hint=x&prompt=login")));
        let asked = Asked::parse(&hinted).expect("a request");
        assert_eq!((asked.id_token_hint.as_deref(), asked.was_signed_in), (Some("x"), true));
    }
}
