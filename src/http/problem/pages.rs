//! `GET /problems` and `GET /problems/{code}`: what a code means, for whoever meets one.

use axum::{
    http::{Uri, header},
    response::{IntoResponse, Response},
};

use super::{CODES, Code, Problem};

const MARKDOWN: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];

/// Lists every problem code with its status.
#[utoipa::path(
    get, path = "/problems", tag = "discovery",
    responses((status = 200, description = "Every problem code", body = String, content_type = "text/markdown")),
)]
pub(in crate::http) async fn list() -> Response {
    let mut text = String::from("# Problems\n\n| code | status | title |\n|---|---|---|\n");
    for entry in CODES {
        let row = format!("| [{0}](/problems/{0}) | {1} | {2} |\n", entry.name, entry.status, entry.title);
        text.push_str(&row);
    }
    (MARKDOWN, text).into_response()
}

/// Explains one problem code: cause, what to do, whether to retry.
#[utoipa::path(
    get, path = "/problems/{code}", tag = "discovery",
    params(("code" = String, Path, description = "A problem code", example = "insufficient-credits")),
    responses((status = 200, description = "The page of the code", body = String, content_type = "text/markdown")),
)]
pub(in crate::http) async fn show(uri: Uri) -> Result<Response, Problem> {
    let code = uri.path().strip_prefix("/problems/").and_then(Code::parse);
    let code = code.ok_or_else(|| Problem::not_found("problem code"))?;
    Ok((MARKDOWN, code.entry().page).into_response())
}
