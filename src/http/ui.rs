//! `/openapi.json`, and the Swagger UI over it at `/docs` and `/api/v1/docs`, without any other server.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::app::Shared;

/// Scripts from here alone; the UI writes styles into its page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
);

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "discovery", operation_id = "openapi",
    responses((status = 200, description = "The OpenAPI 3.1 document of the service", body = Object)),
)]
pub(super) async fn document(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], shared.state().openapi.clone()).into_response()
}

/// The pages of the Swagger UI.
pub(super) fn router() -> Router<Shared> {
    let page = |path: &'static str| SwaggerUi::new(path).config(Config::from("/openapi.json"));
    Router::new().merge(page("/docs")).merge(page("/api/v1/docs")).layer(from_fn(guarded))
}

async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
