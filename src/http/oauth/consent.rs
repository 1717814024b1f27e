//! `POST /oauth/consent`: what somebody decided about an app.

use axum::{extract::State, response::Response};

use super::{
    authorize::grant,
    checked::{Addressed, agreed},
};
use crate::{
    http::{
        app::Shared,
        auth::{browser::Browser, login, sent::Sent},
        pages::Page,
    },
    identity::oauth::{ErrorCode, OauthError, allowed, params::Params, selection},
};

/// Takes the decision of the page that asks for consent.
#[utoipa::path(
    post, path = "/oauth/consent", tag = "oauth", operation_id = "consent",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`decision` (`allow` or `deny`), `request` and `csrf` of the page"),
    responses(
        (status = 303, description = "Back to the client"),
        (status = 200, description = "The page that posts the answer", body = String, content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn decide(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    // It was checked when the page was shown, and it came back from a browser.
    let params = login::read(sent.text("request"))?;
    let addressed = Addressed::of(&shared, &params)?;
    let agrees = sent.text("decision") == "allow";
    let decided = settle(&shared, &sent.browser, &addressed, &params, agrees).await;
    Ok(decided.unwrap_or_else(|error| addressed.fail(&error)))
}

async fn settle(
    shared: &Shared,
    browser: &Browser,
    addressed: &Addressed,
    params: &Params,
    agrees: bool,
) -> Result<Response, OauthError> {
    let (asked, scopes) = addressed.asked(params)?;
    addressed.must_serve(shared, &asked)?;
    let Some(signed_in) = Addressed::hinted(shared, &asked, browser.signed_in.as_ref())? else {
        // The session ended, or its user changed, while the page was open.
        return Ok(login::first(&format!("/oauth/authorize?{}", params.to_query()), None));
    };
    if !agrees {
        return Err(OauthError::new(ErrorCode::AccessDenied, "the user said no"));
    }
    addressed.must_be_of(&signed_in.user)?;
    let scopes = selection::within(scopes, allowed(&addressed.client, &signed_in.user));
    let held = agreed(shared, &addressed.client, &signed_in.user);
    if !held.covers(scopes) {
        grant(shared, addressed, signed_in, held, scopes).await?;
    }
    Ok(addressed.succeed(shared, asked, scopes, signed_in).await)
}
