//! `/login`: the page to sign in, and the form.

use std::borrow::Cow;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    browser::{self, Browser, see_other, site, told},
    logout,
    sent::Sent,
};
use crate::{
    http::{
        app::Shared,
        oauth::{Addressed, app_of},
        pages::{self, Login, Page},
    },
    identity::{
        oauth::params::Params,
        users::{Lives, UserError},
    },
};

/// Where a sign-in may lead: to what brought somebody here, which is always one of our own paths.
const AIMS: [&str; 2] = ["/oauth/authorize?", "/account"];
const WRONG: &str = "That did not work: the e-mail address or the password is wrong, or the address is not confirmed \
     yet. If you registered a moment ago, open the link that was mailed to you first.";

/// The page to sign in, for whoever asks for it.
#[utoipa::path(
    get, path = "/login", tag = "pages", operation_id = "login_page",
    params(
        ("next" = Option<String>, Query, description = "Where to go on afterwards: a path of ours"),
        ("login_hint" = Option<String>, Query, description = "The address to begin with"),
    ),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn show(
    State(shared): State<Shared>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = read(query.as_deref().unwrap_or_default())?;
    let hint = params.optional("login_hint").ok().flatten().unwrap_or_default();
    let page = page(&shared, &browser, &aim(&params), hint, None);
    Ok(browser.shown(page))
}

/// Signs in.
#[utoipa::path(
    post, path = "/login", tag = "pages", operation_id = "login_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`email`, `password`, `next` and `csrf` of the page"),
    responses(
        (status = 303, description = "Signed in: go on, with a cookie"),
        (status = 200, description = "The page again, with a complaint", body = String, content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn take(
    State(shared): State<Shared>,
    Sent { browser, origin, form }: Sent,
) -> Result<Response, Page> {
    let aim = aim(&form);
    let text = |name| form.optional(name).ok().flatten().unwrap_or_default();
    let (users, email, password) = (&shared.auth.users, text("email"), text("password"));
    let signed_in = async {
        let proven = users.check_password(email, password, &origin).await?;
        let (session, _) = users.begin_by_password(&proven, &origin, Lives::BROWSER).await?;
        Ok::<_, UserError>((proven.user().id, session))
    };
    let (user, session) = match signed_in.await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            let (text, status) = trouble(&error);
            return Ok(browser.shown(page(&shared, &browser, &aim, email, Some(&text)).with_status(status)));
        }
    };
    let now = shared.clock.now();
    // Whoever was signed in here before is not any more: no session outlives a change of hands.
    if let Some(before) = &browser.signed_in {
        logout::end(&shared, before, &origin).await?;
    }
    let cookie = shared.auth.browsers.open(user, session, now).await;
    let cookie = cookie.map_err(|error| browser::unavailable(&error))?;
    let mut response = see_other(&aim);
    browser::sign_in(&mut response, &cookie);
    Ok(response)
}

/// What somebody is told for whom it was not done: the same whichever of address and password is wrong, and
/// when the address is not confirmed.
pub(super) fn trouble(error: &UserError) -> (Cow<'static, str>, StatusCode) {
    match error {
        UserError::InvalidCredentials => (WRONG.into(), StatusCode::UNAUTHORIZED),
        UserError::Disabled => ("This account is disabled.".into(), StatusCode::FORBIDDEN),
        UserError::Throttled(throttled) => {
            let text = format!("Too many attempts. Please try again in {} seconds.", throttled.seconds());
            (text.into(), StatusCode::TOO_MANY_REQUESTS)
        }
        UserError::Email(_) | UserError::Password(_) | UserError::Name | UserError::InvalidLink => {
            (sentence(&error.to_string()).into(), StatusCode::BAD_REQUEST)
        }
        UserError::Busy
        | UserError::InvalidRefresh
        | UserError::NotFound
        | UserError::NoRole
        | UserError::Vault(_)
        | UserError::Identity(_)
        | UserError::Engine(_)
        | UserError::Failed => {
            tracing::warn!(%error, "a form of an account failed");
            ("That did not work. Please try again in a moment.".into(), StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// A message with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn page(shared: &Shared, browser: &Browser, aim: &str, email: &str, complaint: Option<&str>) -> Page {
    let csrf = browser.csrf(shared);
    let asking = asking(shared, aim);
    let hidden = [("next", aim)];
    let register = format!("/register?{}", Params::default().with("next", aim).to_query());
    let google = by_google(shared, aim);
    let view = Login {
        form: pages::Form { action: "/login", csrf: &csrf, hidden: &hidden },
        app: asking.as_ref().map(Addressed::shown),
        email,
        complaint,
        notice: None,
        google: google.as_deref(),
        register: &register,
        reset: "/password/reset",
    };
    let page = pages::login(site(), &view);
    match &asking {
        Some(asking) => asking.on_the_way(page),
        None => page,
    }
}

/// The app that brought somebody here, if one did.
pub(in crate::http) fn asking(shared: &Shared, aim: &str) -> Option<Addressed> {
    aim.strip_prefix(AIMS[0]).and_then(|query| app_of(shared, query))
}

/// Where people are sent who sign in with Google, if they can.
pub(in crate::http) fn by_google(shared: &Shared, aim: &str) -> Option<String> {
    let query = || Params::default().with("next", aim).to_query();
    shared.auth.google.is_open().then(|| format!("/login/google?{}", query()))
}

/// Where to go on. Anything but a path of ours that expects somebody from here is the account.
pub(in crate::http) fn aim(params: &Params) -> String {
    let next = params.optional("next").ok().flatten().unwrap_or_default();
    let known = next.starts_with(AIMS[0]) || next == AIMS[1];
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic());
    if known && plain { next.to_owned() } else { AIMS[1].to_owned() }
}

pub(in crate::http) fn read(query: &str) -> Result<Params, Page> {
    Params::parse(query)
        .map_err(|error| told("This address cannot be read", &error.description, StatusCode::BAD_REQUEST))
}

/// Whoever is not signed in signs in first, and comes back.
pub(in crate::http) fn first(next: &str, hint: Option<&str>) -> Response {
    let params = Params::default().with("next", next);
    let params = match hint {
        Some(hint) => params.with("login_hint", hint),
        None => params,
    };
    see_other(&format!("/login?{}", params.to_query())).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_paths_of_ours_alone() {
        let aimed = |next: &str| aim(&Params::default().with("next", next));
        assert_eq!(aimed("/oauth/authorize?a=b"), "/oauth/authorize?a=b");
        for elsewhere in [
            "",
            "/",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/oauth/authorize/../x",
            "/account@evil.example",
            "/account/../x",
            "\t/account",
            "/oauth/authorize?a=\r\nSet-Cookie: x",
            "javascript:alert(1)",
        ] {
            assert_eq!(aimed(elsewhere), "/account", "{elsewhere}");
        }
        let twice = Params::default().with("next", "/oauth/authorize?").with("next", "/oauth/authorize?");
        assert_eq!(aim(&twice), "/account");
    }
}
