//! Which form of a document is wanted, and tables for spreadsheets.

use std::io;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::Response,
};

use super::{
    app::Shared,
    problem::{Code, Problem},
};
use crate::report::{Form, guarded};

/// The media types that the caller takes, best first.
#[derive(Debug, Default)]
pub(super) struct Accepted(Vec<Box<str>>);

impl FromRequestParts<Shared> for Accepted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let values = parts.headers.get_all(header::ACCEPT).iter();
        Ok(Self::of(values.filter_map(|value| value.to_str().ok())))
    }
}

impl Accepted {
    fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let parts = values.flat_map(|value| value.split(',')).map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let media_type = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(1_000, thousandths);
            (media_type, weight)
        });
        let mut parts: Vec<_> = parts.filter(|(_, weight)| *weight > 0).collect();
        // Stable: among equals, the first one named.
        parts.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        Self(parts.into_iter().map(|(media_type, _)| media_type.into()).collect())
    }

    /// The form that is asked for: the one named by `format`, or else the best that is accepted, or
    /// JSON.
    pub(super) fn form(&self, format: Option<&str>, forms: &[Form]) -> Result<Form, Problem> {
        if let Some(name) = format {
            let known = Form::parse(name).filter(|form| forms.contains(form));
            return known.ok_or_else(|| {
                let names: Vec<_> = forms.iter().map(|form| form.as_str()).collect();
                Problem::bad_request(format!("`format` is one of {}", names.join(", ")))
            });
        }
        let form = |media_type: &str| match media_type {
            "application/json" | "*/*" => Some(Form::Json),
            "text/csv" => Some(Form::Csv),
            "text/html" => Some(Form::Html),
            _ => None,
        };
        let wanted = self.0.iter().filter_map(|media_type| form(media_type));
        Ok(wanted.into_iter().find(|form| forms.contains(form)).unwrap_or(Form::Json))
    }
}

/// A weight such as `0.8` (RFC 9110, section 12.4.2) in thousandths; what is none counts as 1.
fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    match (whole, format!("{fraction:0<3}").parse()) {
        ("0", Ok(thousandths)) => thousandths,
        _ => 1_000,
    }
}

/// A document that is no JSON, to be kept under this name unless a browser shows it.
pub(super) fn document(form: Form, name: &str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    if form == Form::Html {
        // As the page says itself: nothing is loaded and nothing runs.
        let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    let shown = if form == Form::Html { "inline" } else { "attachment" };
    let disposition = format!("{shown}; filename=\"{name}.{}\"", form.extension());
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A table of RFC 4180 under this name, each row as long as the header; no cell is taken for a formula.
pub(super) fn sheet(
    name: &str,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<Response, Problem> {
    let written = table(header, rows).map_err(|error| {
        tracing::error!(%error, "a table could not be written");
        Problem::new(Code::Internal, "the table could not be written; the log has the request id")
    })?;
    Ok(document(Form::Csv, name, written))
}

fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row.iter().map(|cell| guarded(cell).into_owned()))?;
    }
    csv.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_form_that_is_accepted_is_given() {
        let form = |accept: &str| Accepted::of([accept].into_iter()).form(None, &Form::ALL).expect("a form");
        for (accept, wanted) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("image/png", Form::Json),
            ("text/csv", Form::Csv),
            ("Text/HTML; charset=utf-8", Form::Html),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Html),
            ("application/json;q=0.5, text/csv;q=0.501", Form::Csv),
            ("text/csv;q=0, application/json;q=0.1", Form::Json),
        ] {
            assert_eq!(form(accept), wanted, "{accept}");
        }
        let html = Accepted::of(["text/html"].into_iter());
        assert_eq!(html.form(None, &[Form::Json, Form::Csv]).expect("a form"), Form::Json);
        assert_eq!(html.form(Some("hledger"), &Form::ALL).expect("a form"), Form::Hledger);
        for unknown in ["", "pdf", "JSON"] {
            assert!(html.form(Some(unknown), &Form::ALL).is_err(), "{unknown}");
        }
        assert!(html.form(Some("html"), &[Form::Json]).is_err());
    }

    #[test]
    fn cells_are_quoted_and_guarded() {
        let row = ["a,\"b\"", "=1+1", "-1.5", ""].map(str::to_owned).to_vec();
        let written = table(&["a", "b", "c", "d"], [row]).expect("a table");
        assert_eq!(written, b"a,b,c,d\n\"a,\"\"b\"\"\",'=1+1,-1.5,\n");
    }
}
