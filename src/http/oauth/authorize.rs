//! `/oauth/authorize`: a client sends somebody's browser here to be let in.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};

use super::checked::{Addressed, agreed};
use crate::{
    http::{
        app::Shared,
        auth::{
            browser::{Browser, see_other, site},
            login, register,
        },
        extract::Form,
        pages::{self, Consent, Page},
    },
    identity::{
        Scope, Scopes,
        browsers::SignedIn,
        oauth::{
            OauthError, allowed,
            authorize::{Next, Prompt, after_sign_in},
            params::Params,
            selection,
        },
        users,
    },
};

const PATH: &str = "/oauth/authorize";
/// What a request may have: nothing else of a form gets into an address.
const PARAMS: [&str; 16] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "resource",
    "request",
    "request_uri",
];

/// Lets an app in, after sign-in and consent: leads back to its `redirect_uri` with a `code`, its `state`
/// and `iss`. Needs PKCE with S256. An unknown client or redirect URI is told on the page, never redirected.
#[utoipa::path(
    get, path = "/oauth/authorize", tag = "oauth", operation_id = "authorize",
    params(
        ("client_id" = String, Query, description = "The client"),
        ("redirect_uri" = String, Query, description = "One of its registered URIs, exactly; on loopback any port"),
        ("response_type" = String, Query, description = "`code`"),
        ("code_challenge" = String, Query, description = "SHA-256 of the verifier, as base64url"),
        ("code_challenge_method" = String, Query, description = "`S256`"),
        ("response_mode" = Option<String>, Query, description = "`query`, or `web_message`: the answer is posted to the window that opened this one, when the redirect URI is at a registered web origin"),
        ("scope" = Option<String>, Query, description = "Scopes between spaces"),
        ("state" = Option<String>, Query, description = "Given back as it came"),
        ("nonce" = Option<String>, Query, description = "Given back in the ID token"),
        ("prompt" = Option<String>, Query, description = "`none`, `login`, `consent`, `select_account`"),
        ("max_age" = Option<u32>, Query, description = "The most seconds since sign-in"),
        ("login_hint" = Option<String>, Query, description = "The address to begin with"),
        ("id_token_hint" = Option<String>, Query, description = "An ID token, expired or not: its user is answered for, and nobody else"),
        ("resource" = Option<String>, Query, description = "Whom the token is for (RFC 8707)"),
    ),
    responses(
        (status = 200, description = "The page that asks for consent, or that posts the answer", body = String, content_type = "text/html"),
        (status = 303, description = "To the sign-in page, or back to the client"),
    ),
)]
pub(in crate::http) async fn show(
    State(shared): State<Shared>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = login::read(query.as_deref().unwrap_or_default())?;
    let addressed = Addressed::of(&shared, &params)?;
    Ok(answer(&shared, &browser, &addressed, &params).await.unwrap_or_else(|error| addressed.fail(&error)))
}

/// The same by a form, which browsers send without cookies: it goes on by GET.
#[utoipa::path(
    post, path = "/oauth/authorize", tag = "oauth", operation_id = "authorize_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The parameters of GET"),
    responses((status = 303, description = "To the same by GET")),
)]
pub(in crate::http) async fn take(Form(params): Form) -> Response {
    see_other(&format!("{PATH}?{}", params.only(&PARAMS).to_query()))
}

async fn answer(
    shared: &Shared,
    browser: &Browser,
    addressed: &Addressed,
    params: &Params,
) -> Result<Response, OauthError> {
    let (asked, scopes) = addressed.asked(params)?;
    addressed.must_serve(shared, &asked)?;
    let client = &addressed.client;
    let signed_in = Addressed::hinted(shared, &asked, browser.signed_in.as_ref())?;
    if let Some(SignedIn { user, .. }) = signed_in {
        addressed.must_be_of(user)?;
    }
    let (scopes, held) = match signed_in {
        Some(SignedIn { user, .. }) => {
            (selection::within(scopes, allowed(client, user)), agreed(shared, client, user))
        }
        None => (scopes, Scopes::NONE),
    };
    let consented = client.first_party || held.covers(scopes);
    match asked.next(signed_in.map(|signed_in| signed_in.since), consented, shared.clock.now()) {
        Next::Fail(error) => Err(error),
        Next::SignIn => {
            let next = format!("{PATH}?{}", after_sign_in(params).to_query());
            let hint = asked.login_hint.as_deref();
            let creates = asked.prompt.contains(&Prompt::Create);
            Ok(if creates { register::first(&next) } else { login::first(&next, hint) })
        }
        Next::Consent => {
            let signed_in = signed_in.ok_or_else(OauthError::server)?;
            ask(shared, browser, addressed, params, signed_in, scopes).await
        }
        Next::Answer => {
            let signed_in = signed_in.ok_or_else(OauthError::server)?;
            if !held.covers(scopes) {
                grant(shared, addressed, signed_in, held, scopes).await?;
            }
            Ok(addressed.succeed(shared, asked, scopes, signed_in).await)
        }
    }
}

/// Records that the user lets the app in; what it was let to do before stays.
pub(super) async fn grant(
    shared: &Shared,
    addressed: &Addressed,
    signed_in: &SignedIn,
    held: Scopes,
    scopes: Scopes,
) -> Result<(), OauthError> {
    let (user, app) = (signed_in.user.id, addressed.client.app);
    let all = held.iter().chain(scopes.iter()).collect();
    let actor = Some(format!("user/{user}").into());
    Ok(shared.identity.grant_access(user, app, all, actor).await?)
}

async fn ask(
    shared: &Shared,
    browser: &Browser,
    addressed: &Addressed,
    params: &Params,
    signed_in: &SignedIn,
    scopes: Scopes,
) -> Result<Response, OauthError> {
    let profile = users::profile(&shared.auth.shelf, signed_in.user.id, shared.clock.now()).await?;
    let email = profile.map(|profile| profile.email).unwrap_or_default();
    let request = params.to_query();
    let other = Params::default().with("next", &format!("{PATH}?{}", request.as_str())).to_query();
    let names: Vec<_> = scopes.iter().map(Scope::as_str).collect();
    let csrf = browser.csrf(shared);
    let hidden = [("request", request.as_str())];
    let view = Consent {
        form: pages::Form { action: "/oauth/consent", csrf: &csrf, hidden: &hidden },
        app: addressed.shown(),
        email: &email,
        scopes: &names,
        other_account: &format!("/login?{other}"),
    };
    Ok(browser.shown(addressed.on_the_way(pages::consent(site(), &view))))
}
