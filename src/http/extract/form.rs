//! Forms, as browsers and OAuth clients send them.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};

use super::payload::within;
use crate::{
    http::{
        app::Shared,
        oauth::OauthProblem,
        problem::{Code, Problem},
    },
    identity::oauth::{OauthError, params::Params},
};

/// The parameters of a form, within the limits of size and time.
#[derive(Debug)]
pub(in crate::http) struct Form(pub(in crate::http) Params);

impl FromRequest<Shared> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        must_be_form(&parts.headers)?;
        let bytes = within(body, &shared.options, shared.options.body_bytes_max).await?;
        let text = str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the form is no UTF-8"))?;
        Params::parse(text).map(Self).map_err(|error| Problem::bad_request(error.description))
    }
}

/// The same for the endpoints of OAuth, which answer errors in their own form.
#[derive(Debug)]
pub(in crate::http) struct OauthForm(pub(in crate::http) Params);

impl FromRequest<Shared> for OauthForm {
    type Rejection = OauthProblem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, OauthProblem> {
        let read = Form::from_request(request, shared).await;
        read.map(|Form(params)| Self(params))
            .map_err(|problem| OauthProblem::of(OauthError::request(problem.detail), problem.code.status()))
    }
}

fn must_be_form(headers: &HeaderMap) -> Result<(), Problem> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    let detail = "send the form with Content-Type: application/x-www-form-urlencoded";
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_forms_are_taken() {
        let declared = |value| {
            must_be_form(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]))
        };
        for form in ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"]
        {
            assert!(declared(form).is_ok(), "{form}");
        }
        for other in ["application/json", "text/plain", "", "multipart/form-data; boundary=x"] {
            assert!(declared(other).is_err(), "{other}");
        }
        assert!(must_be_form(&HeaderMap::new()).is_err());
    }
}
