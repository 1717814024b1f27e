//! `POST /api/cross-app/auth`: the way of an app to the sign-in of this service, and back with a code.
//!
//! Apps never see a password: they send the user to `login_url`, which is RFC 6749's authorization endpoint, and
//! exchange the code that comes back. Who registers on the way has a wallet at once.

use axum::{extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    credits::{self, Credits},
    origin, secret, tokens,
    users::{self, CrossAppUser},
};
use crate::{
    http::{
        app::Shared,
        extract::{Payload, Seen, Text},
        problem::Problem,
        reply::Reply,
    },
    identity::oauth::{
        Granted,
        credentials::Credentials,
        params::{Params, appended},
        redirect,
        token::Grant,
    },
};

/// A sign-in to begin, or a code to finish one with.
#[derive(Deserialize, ToSchema)]
pub(in crate::http) struct AuthRequest<'a> {
    /// The app, by its client id.
    #[schema(example = "app_mfrggzdfmztwq2lk")]
    client_id: String,
    /// Its secret, if it has one; with `code`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Text<'a>>,
    /// Where the user is sent back to: one of those that the app registered.
    #[schema(example = "https://video.example/auth-callback")]
    redirect_uri: String,
    /// To begin: the PKCE challenge (S256).
    code_challenge: Option<String>,
    /// To begin: comes back with the code; what the app recognizes its own request by.
    state: Option<String>,
    /// To begin: what the app asks for, between spaces.
    scope: Option<String>,
    /// To begin: whether the user has no account yet, and should see the form for that first.
    #[serde(default)]
    sign_up: bool,
    /// To finish: the code that came back.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    code: Option<Text<'a>>,
    /// To finish: the PKCE verifier.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    code_verifier: Option<Text<'a>>,
}

/// Where to send the user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct LoginUrl {
    /// To be opened by the browser itself or in a window of its own, never in a frame.
    #[schema(example = "https://credits.example/oauth/authorize?…")]
    login_url: String,
}

/// Who signed in, with tokens and credits.
#[derive(Debug, Serialize)]
struct SignedIn {
    #[serde(flatten)]
    granted: Granted,
    user: CrossAppUser,
    credits: Credits,
}

/// Begins a sign-in at an app, or finishes it.
///
/// With `code_challenge` the answer is a `login_url`; with `code` and `code_verifier` it has the tokens, the user
/// and the credits.
#[utoipa::path(
    post, path = "/api/cross-app/auth", tag = "cross-app", operation_id = "cross_app_auth",
    request_body(content = AuthRequest<'_>, example = json!({
        "client_id": "app_mfrggzdfmztwq2lk", "redirect_uri": "https://video.example/auth-callback",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "state": "af0ifjsldkj",
    })),
    responses((status = 200, description = "Where to send the user, or who signed in", body = LoginUrl)),
)]
pub(in crate::http) async fn begin_or_finish(
    State(shared): State<Shared>,
    headers: HeaderMap,
    seen: Seen,
    body: Payload,
) -> Result<Reply, Problem> {
    let mut request: AuthRequest<'_> = body.parse()?;
    match (request.code.take(), request.code_verifier.take(), &request.code_challenge) {
        (Some(code), Some(verifier), None) => {
            finish(&shared, (&headers, &seen), request, code, verifier).await
        }
        (None, None, Some(challenge)) => begin(&shared, &headers, &request, challenge),
        _ => Err(Problem::bad_request("send `code_challenge`, or `code` and `code_verifier`")),
    }
}

fn begin(
    shared: &Shared,
    headers: &HeaderMap,
    request: &AuthRequest<'_>,
    challenge: &str,
) -> Result<Reply, Problem> {
    let client = shared.identity.client_by_id(&request.client_id).filter(|client| !client.disabled);
    let client = client.ok_or_else(|| Problem::not_found("app"))?;
    origin::must_be_of(&client, headers, shared)?;
    let asked = &request.redirect_uri;
    if !client.redirect_uris.iter().any(|registered| redirect::matches(registered, asked)) {
        return Err(Problem::bad_request("`redirect_uri` is none of those that the app registered"));
    }
    let mut params = Params::default()
        .with("response_type", "code")
        .with("client_id", &client.client_id)
        .with("redirect_uri", &request.redirect_uri)
        .with("code_challenge", challenge)
        .with("code_challenge_method", "S256");
    for (name, value) in [("scope", &request.scope), ("state", &request.state)] {
        params = value.iter().fold(params, |params, value| params.with(name, value));
    }
    if request.sign_up {
        params = params.with("prompt", "create");
    }
    let endpoint = format!("{}/oauth/authorize", shared.auth.issuer());
    Ok(Reply::ok(&LoginUrl { login_url: appended(&endpoint, &params) }))
}

async fn finish(
    shared: &Shared,
    from: (&HeaderMap, &Seen),
    request: AuthRequest<'_>,
    code: Text<'_>,
    verifier: Text<'_>,
) -> Result<Reply, Problem> {
    let AuthRequest { client_id, client_secret, redirect_uri, .. } = request;
    let credentials = Credentials { client_id, secret: client_secret.map(secret) };
    let grant = Grant::Code { code: secret(code), redirect_uri, verifier: secret(verifier) };
    let granted = tokens::granted(shared, from, &credentials, grant).await?;
    let claims = shared.auth.tokens.verify_access(&granted.access_token, shared.clock.now());
    let claims = claims.map_err(|_| Problem::not_found("user"))?;
    let user = users::of(shared, &claims).await?;
    let credits = credits::of_wallet(shared, user.wallet(), claims.org_id).await?;
    Ok(Reply::ok(&SignedIn { granted, user, credits }))
}
