//! `/api/auth/google`: signing in with Google, for browsers; and the exchange of its code, for front ends.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use events::{Time, UserId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::browser::see_other;
use crate::{
    http::{
        app::Shared,
        auth::{
            browser::{self, Browser, cookie},
            login::{aim, asking},
            logout,
        },
        extract::{Payload, Seen},
        pages::{AskingApp, Message, Page, Site, Verified, message, verified},
        problem::{Code, Problem},
        users::{LoginTokens, given},
    },
    identity::{
        google::{Begin, Done, Outgoing, Purpose, Return, SignInError},
        oauth::params::Params,
        users::{Lives, Origin},
    },
};

/// Binds a sign-in to the browser that began it.
const COOKIE: &str = "__Host-state";
/// As long as a browser may be away.
const COOKIE_SECONDS: i64 = 600;
/// The most characters of `session`, which is the caller's own word and is not kept.
const SESSION_CHARS_MAX: usize = 200;
/// Whose pages they are.
const SITE: Site<'static> = Site { name: "Credit ledger" };

/// Sends a browser to Google. With `session`, it is shown a code afterwards, to be carried over to the
/// program that sent it here; without, it goes on to the front end with a one-time code in `code`. The sign-in
/// alone lets no app in: anybody may have sent the link. Presenting the code that was shown does, and so does the
/// exchange of a front end that sent a `code_challenge`.
#[utoipa::path(
    get, path = "/api/auth/google", tag = "sign-in", operation_id = "begin_google",
    params(
        ("session" = Option<String>, Query, description = "Any text of up to 200 characters: asks for a code to be shown"),
        ("return_to" = Option<String>, Query, description = "The key of the app that it is for: its client id, or a key that it registered. Never a URL"),
        ("code_challenge" = Option<String>, Query, description = "Without `session`: the S256 challenge that the exchange must answer (RFC 7636). It shows that the front end itself began the sign-in for `return_to`, which is then let in"),
    ),
    responses(
        (status = 303, description = "To Google, with a cookie that is good for ten minutes"),
        (status = 400, description = "A page that says what is wrong", body = String, content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn begin(
    State(shared): State<Shared>,
    seen: Seen,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = read(query.as_deref())?;
    let session = one(&params, "session")?.filter(|session| !session.is_empty());
    if session.is_some_and(|session| session.chars().count() > SESSION_CHARS_MAX) {
        return Err(unreadable("`session` is too long."));
    }
    let begin = Begin {
        purpose: match session {
            Some(_) => Purpose::Shown,
            None => Purpose::Sent { challenge: one(&params, "code_challenge")? },
        },
        return_to: one(&params, "return_to")?,
        cookie: cookie(&headers, COOKIE),
    };
    leave(&shared, begin, seen).await
}

/// Signs the browser itself in with Google, from the page to sign in.
#[utoipa::path(
    get, path = "/login/google", tag = "pages", operation_id = "login_with_google",
    params(("next" = Option<String>, Query, description = "Where to go on afterwards: a path of ours")),
    responses((status = 303, description = "To Google, with a cookie that is good for ten minutes")),
)]
pub(in crate::http) async fn enter(
    State(shared): State<Shared>,
    seen: Seen,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let next = aim(&read(query.as_deref())?);
    // Who comes from an app becomes a customer where the app is, as by registering on that page.
    let org = asking(&shared, &next).map(|asking| asking.client.org);
    let purpose = Purpose::Browser { next: &next, org };
    leave(&shared, Begin { purpose, return_to: None, cookie: cookie(&headers, COOKIE) }, seen).await
}

async fn leave(shared: &Shared, begin: Begin<'_>, seen: Seen) -> Result<Response, Page> {
    let gone = shared.auth.google.begin(begin, &seen.into()).await.map_err(|error| page_of(&error))?;
    let mut response = see_other(&gone.url);
    browser::set(&mut response, COOKIE, &gone.cookie, Some(COOKIE_SECONDS));
    Ok(response)
}

/// A browser comes back from Google.
#[utoipa::path(
    get, path = "/api/auth/google/callback", tag = "sign-in", operation_id = "finish_google",
    params(
        ("state" = String, Query, description = "What the browser took along"),
        ("code" = Option<String>, Query, description = "Google's code"),
        ("iss" = Option<String>, Query, description = "The issuer (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses(
        (status = 200, description = "The page with the code", body = String, content_type = "text/html"),
        (status = 303, description = "To the front end, with `code`"),
        (status = 400, description = "A page that says what is wrong", body = String, content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn finish(
    State(shared): State<Shared>,
    browser: Browser,
    seen: Seen,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = read(query.as_deref())?;
    let state = one(&params, "state")?.ok_or_else(|| unreadable("It has no `state`."))?;
    let back = Return {
        state,
        // Who says both was not signed in.
        code: if params.optional("error").ok().flatten().is_some() { None } else { one(&params, "code")? },
        iss: one(&params, "iss")?,
        cookie: cookie(&headers, COOKIE),
        signed_in: browser.signed_in.as_ref().map(|signed_in| signed_in.user.id),
    };
    let origin = Origin::from(seen);
    let done = shared.auth.google.finish(back, &origin).await.map_err(|error| page_of(&error))?;
    match &done.outcome {
        Outgoing::Shown { code, until } => Ok(shown(&done, code, *until).into_response()),
        Outgoing::Sent(url) => Ok(see_other(url)),
        Outgoing::Entered { next } => let_in(&shared, &browser, done.user, next, &origin).await,
    }
}

/// Signs the browser in, instead of whoever was signed in there before.
async fn let_in(
    shared: &Shared,
    browser: &Browser,
    user: UserId,
    next: &str,
    origin: &Origin,
) -> Result<Response, Page> {
    let user = shared.identity.user(user).ok_or_else(|| page_of(&SignInError::Disabled))?;
    let begun = shared.auth.users.begin(&user, "google", None, origin, Lives::BROWSER).await;
    let (session, _) = begun.map_err(|error| page_of(&error.into()))?;
    if let Some(before) = &browser.signed_in {
        logout::end(shared, before, origin).await?;
    }
    let cookie = shared.auth.browsers.open(user.id, session, shared.clock.now()).await;
    let mut response = see_other(next);
    browser::sign_in(&mut response, &cookie.map_err(|error| page_of(&error.into()))?);
    Ok(response)
}

/// The same at the address under which several providers come back.
#[utoipa::path(
    get, path = "/api/v1/oauth/callback/google", tag = "sign-in", operation_id = "finish_google_v1",
    params(("state" = String, Query, description = "What the browser took along")),
    responses((status = 200, description = "As `/api/auth/google/callback`", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn finish_v1(
    state: State<Shared>,
    browser: Browser,
    seen: Seen,
    headers: HeaderMap,
    query: RawQuery,
) -> Result<Response, Page> {
    finish(state, browser, seen, headers, query).await
}

/// A code that the front end got.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ExchangeRequest {
    /// `code` of the page's address.
    #[schema(example = "MZXW6YTBOI7DEMRTGQ2TMNZYHE")]
    code: String,
    /// What `code_challenge` was made of, if there was one.
    #[serde(default)]
    code_verifier: Option<String>,
}

/// Exchanges a code that the front end got for the tokens of a login. A code is good once, for two
/// minutes. The app of `return_to` is let in if the sign-in had a `code_challenge`, or if the app is the
/// ledger's own; else the tokens are given and the app has no access that it had not before.
#[utoipa::path(
    post, path = "/api/auth/google/exchange", tag = "sign-in", operation_id = "exchange_google",
    request_body(content = ExchangeRequest),
    responses((status = 200, description = "Signed in", body = LoginTokens<'_>)),
)]
pub(in crate::http) async fn exchange(
    State(shared): State<Shared>,
    seen: Seen,
    body: Payload,
) -> Result<Response, Problem> {
    let request: ExchangeRequest = body.parse()?;
    let (origin, verifier) = (Origin::from(seen), request.code_verifier.as_deref());
    let exchanged = shared.auth.google.exchange(&request.code, verifier, &origin).await;
    let exchanged = exchanged.map_err(problem_of)?;
    let user = shared.identity.user(exchanged.user).ok_or_else(|| problem_of(SignInError::InvalidCode))?;
    let login = shared.auth.users.begin_with_tokens(&user, "google", exchanged.app, &origin).await;
    let login = login.map_err(Problem::from)?;
    Ok(given(&login))
}

/// The page with a code.
fn shown(done: &Done, code: &str, until: Time) -> Page {
    let domain = done.app.as_ref().and_then(|app| app.origins.first()).map(|origin| host(origin));
    let name = done.app.as_ref().map_or("the program that sent you here", |app| &app.display_name);
    let time = until.to_string();
    // `2026-11-21T23:14:00.000000Z`: hours and minutes say enough for ten minutes.
    let until = format!("{} UTC", time.get(11..16).unwrap_or(&time));
    verified(SITE, &Verified { app: AskingApp { name, domain }, email: &done.email, code, until: &until })
}

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

fn read(query: Option<&str>) -> Result<Params, Page> {
    Params::parse(query.unwrap_or_default()).map_err(|error| unreadable(&error.description))
}

fn one<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, Page> {
    params.optional(name).map_err(|error| unreadable(&error.description))
}

fn unreadable(why: &str) -> Page {
    refusal("This address cannot be read", why, StatusCode::BAD_REQUEST)
}

/// What people are told. Whether a state was wrong, used or old is all the same to them.
fn page_of(error: &SignInError) -> Page {
    const AGAIN: &str = "This sign-in cannot be finished";
    let (title, text, status) = match error {
        SignInError::NotSetUp => {
            ("Not here", "Signing in with Google is not set up here.", StatusCode::NOT_FOUND)
        }
        SignInError::UnknownKey => (
            "This app is not known",
            "The link that brought you here names no app that is known here.",
            StatusCode::BAD_REQUEST,
        ),
        SignInError::NoFrontEnd => (
            "Nowhere to go on",
            "This service has no page for people who signed in. Please start from an app.",
            StatusCode::BAD_REQUEST,
        ),
        SignInError::BadChallenge => {
            ("This address cannot be read", "`code_challenge` is none.", StatusCode::BAD_REQUEST)
        }
        SignInError::Throttled(_) => {
            ("Too many attempts", "Please try again in a few minutes.", StatusCode::TOO_MANY_REQUESTS)
        }
        SignInError::UnknownState | SignInError::Elsewhere | SignInError::InvalidCode => (
            AGAIN,
            "It was begun in another browser or place, or too long ago, or it was finished before. Please start \
             again from the app that sent you here.",
            StatusCode::BAD_REQUEST,
        ),
        SignInError::Declined => (
            "You are not signed in",
            "Google did not sign you in, or you did not agree to it. Nothing was changed.",
            StatusCode::BAD_REQUEST,
        ),
        SignInError::Provider(_) => (
            AGAIN,
            "What Google answered could not be used. Please try again in a moment.",
            StatusCode::BAD_GATEWAY,
        ),
        SignInError::AddressTaken => (
            "You have an account already",
            "There is an account with this e-mail address, which was made without Google. Please sign in with \
             its password; if you do not know it, ask for a new one.",
            StatusCode::CONFLICT,
        ),
        SignInError::Disabled => {
            ("This account is disabled", "Please ask whoever runs this service.", StatusCode::FORBIDDEN)
        }
        SignInError::OtherOrganization => (
            "Not for this account",
            "The app belongs to another organization than your account.",
            StatusCode::FORBIDDEN,
        ),
        SignInError::Vault(_) | SignInError::Identity(_) | SignInError::Users(_) => {
            tracing::warn!(%error, "a sign-in could not go on");
            (
                "Not now",
                "Something of ours does not answer. Please try again in a moment.",
                StatusCode::SERVICE_UNAVAILABLE,
            )
        }
    };
    refusal(title, text, status)
}

fn refusal(title: &str, text: &str, status: StatusCode) -> Page {
    message(SITE, &Message { title, text, good: false, request: None, on: None }).with_status(status)
}

/// What programs are told.
pub(super) fn problem_of(error: SignInError) -> Problem {
    match error {
        SignInError::InvalidCode => Problem::new(
            Code::InvalidCredentials,
            "the code is unknown, was not used in time, was used before, has expired or was revoked",
        )
        .challenging("Bearer"),
        SignInError::Throttled(throttled) => throttled.into(),
        SignInError::Vault(error) => error.into(),
        SignInError::Identity(error) => error.into(),
        SignInError::Users(error) => error.into(),
        SignInError::Provider(_) => {
            Problem::new(Code::Unavailable, "the provider does not answer: try again in a moment")
        }
        SignInError::NotSetUp
        | SignInError::UnknownKey
        | SignInError::NoFrontEnd
        | SignInError::BadChallenge
        | SignInError::UnknownState
        | SignInError::Elsewhere
        | SignInError::Declined
        | SignInError::AddressTaken
        | SignInError::Disabled
        | SignInError::OtherOrganization => Problem::bad_request(error.to_string()),
    }
}
