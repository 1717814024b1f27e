//! The OpenAPI 3.1 document: what the handlers say of themselves, completed from [`ROUTES`] with who
//! may call each route, the headers it knows and the problems it may answer.
//!
//! [`ROUTES`]: super::routes::ROUTES

mod problems;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{
    problem::CODES,
    routes::{Access, Kind, ROUTES, Route},
    statements::{StatementLine, StatementParts, StatementStanding},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Credit ledger",
        description = "Prepaid credits that apps spend and auditors can replay and prove. Amounts are decimal strings \
            with at most six decimals; positions count the events of the ledger. Errors are RFC 9457 problems whose \
            `type` leads to a page with cause and remedy.",
    ),
    components(schemas(StatementLine, StatementParts, StatementStanding)),
    tags(
        (name = "wallets", description = "Open and read wallets"),
        (name = "credits in", description = "Purchases, grants and refunds"),
        (name = "spending", description = "Checks, deductions and rollbacks"),
        (name = "holds", description = "Credits reserved for a cost that is not known yet"),
        (name = "adjustments", description = "Corrections by people"),
        (name = "control", description = "What the owner of a wallet decides about it"),
        (name = "rules", description = "Prices and policy of the organization"),
        (name = "audit", description = "What happened, line by line, and what was at any moment"),
        (name = "reports", description = "Usage, and what is owed"),
        (name = "events", description = "The log itself, for consumers"),
        (name = "compatible", description = "Paths and fields of earlier clients"),
        (name = "administration", description = "Organizations, apps and API keys"),
        (name = "groups", description = "Groups of users, and who is in them"),
        (name = "oauth", description = "The authorization server: OAuth 2 and OpenID Connect"),
        (name = "pages", description = "Pages for people"),
        (name = "users", description = "People: registration, sign-in, account and administration"),
        (name = "sign-in", description = "Signing in with Google, and the codes that come of it"),
        (name = "operations", description = "Health and figures"),
        (name = "discovery", description = "What this service is"),
    ),
)]
struct Skeleton;

/// The document before any route.
pub(super) fn skeleton() -> utoipa::openapi::OpenApi {
    Skeleton::openapi()
}

/// The whole document, as it is committed and served.
///
/// # Errors
/// When what the handlers say of themselves is no JSON.
pub fn document() -> Result<Value, serde_json::Error> {
    finish(super::documented().into_openapi())
}

/// Completes what the handlers say of themselves.
pub(super) fn finish(documented: utoipa::openapi::OpenApi) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(documented)?;
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "api_key": { "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An app's API key" },
        "client": { "type": "http", "scheme": "basic", "description": "An OAuth client's id and secret" },
        "bearer": { "type": "http", "scheme": "bearer", "description": "The same key, or the operator's admin token" },
    });
    components["schemas"]["Problem"] = problem_schema();
    components["schemas"]["ItemProblem"] = item_problem_schema();
    components["schemas"]["OauthError"] = oauth_error_schema();
    components["headers"] = json!({
        "X-Request-Id": { "schema": { "type": "string" }, "description": "The caller's request id, or a new one" },
        "Idempotent-Replayed": {
            "schema": { "type": "string", "const": "true" },
            "description": "Present when this answer was given before, to an earlier request with the same key",
        },
        "Retry-After": { "schema": { "type": "integer" }, "description": "Seconds to wait before a repetition" },
        "WWW-Authenticate": { "schema": { "type": "string" }, "description": "How to authenticate" },
        "Allow": { "schema": { "type": "string" }, "description": "The methods of the path" },
    });
    let mut shared = Map::new();
    for route in ROUTES {
        let item = document["paths"].get_mut(route.path);
        let operation = item.and_then(|item| item.get_mut(route.method.as_str().to_ascii_lowercase()));
        if let Some(operation) = operation {
            complete(operation, route, &mut shared);
        }
    }
    document["components"]["responses"] = shared.into();
    Ok(document)
}

/// Adds to one operation what its route knows.
fn complete(operation: &mut Value, route: &Route, shared: &mut Map<String, Value>) {
    let (needs, text) = match route.access {
        Access::Public => (None, "Public.".to_owned()),
        Access::Needs(scope) => (Some(scope.as_str()), format!("Needs the scope `{scope}`.")),
        Access::Operator => (Some("operator"), "Needs the operator's admin token.".to_owned()),
        Access::Client => (
            None,
            "For OAuth clients, which authenticate by `Authorization: Basic` or in the form.".to_owned(),
        ),
        Access::Browser => (None, "For browsers: the session is in a cookie.".to_owned()),
        Access::SignedIn => (Some("user"), "Needs an access token of the user's own.".to_owned()),
    };
    if route.access == Access::Client {
        operation["security"] = json!([{ "client": [] }, {}]);
    }
    if let Some(needs) = needs {
        let tokens_only = matches!(route.access, Access::Operator | Access::SignedIn);
        let schemes = if tokens_only { &["bearer"][..] } else { &["api_key", "bearer"] };
        operation["security"] = schemes.iter().map(|scheme| json!({ *scheme: [needs] })).collect();
    }
    let said = operation["description"].as_str().unwrap_or_default();
    operation["description"] = format!("{said}\n\n{text}").trim_start().into();
    let headers = request_headers(route);
    if !headers.is_empty() {
        match operation["parameters"].as_array_mut() {
            Some(parameters) => parameters.extend(headers),
            None => operation["parameters"] = headers.into(),
        }
    }
    let dry = operation["parameters"].as_array().into_iter().flatten().any(|one| one["name"] == "dry_run");
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    if let Some(mut answer) = responses.get("201").filter(|_| dry && !responses.contains_key("200")).cloned()
    {
        answer["description"] = "A dry run: what the answer would be, without id and position".into();
        responses.insert("200".into(), answer);
    }
    for response in responses.values_mut() {
        response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/X-Request-Id" });
        if matches!(route.kind, Kind::Command | Kind::KeyOptional | Kind::Batch) {
            response["headers"]["Idempotent-Replayed"] =
                json!({ "$ref": "#/components/headers/Idempotent-Replayed" });
        }
    }
    responses.append(&mut problems::responses(route, shared));
}

/// The headers that a route reads beside those of authentication.
fn request_headers(route: &Route) -> Vec<Value> {
    let header = |name: &str, text: &str| json!({ "name": name, "in": "header", "required": false, "schema": { "type": "string" }, "description": text });
    let mut headers =
        vec![header("X-Request-Id", "Your id of this request, 1 to 128 visible characters; echoed")];
    if matches!(route.access, Access::Needs(_)) {
        headers.push(header("X-Organization", "The organization to act in, by name or id; for operators"));
    }
    if matches!(route.access, Access::Needs(_) | Access::Operator) {
        let text = "The ledger to act in, by id; for operators of several. The default one, when absent";
        headers.push(header("X-Ledger", text));
    }
    let key = match route.kind {
        Kind::Command => Some(
            "One key per intended change, 1 to 255 visible characters; this or `idempotency_key` is required",
        ),
        Kind::KeyOptional => Some(
            "One key per intended request, 1 to 255 visible characters; a repetition gets the first answer",
        ),
        Kind::Batch => Some("The key of an atomic batch; otherwise each item has its own"),
        Kind::Discovery
        | Kind::Read
        | Kind::Administration
        | Kind::Rule
        | Kind::Account
        | Kind::Oauth
        | Kind::Page => None,
    };
    if let Some(text) = key {
        headers.push(header("Idempotency-Key", text));
        headers.push(header("traceparent", "W3C trace context; recorded with the event"));
    }
    headers
}

fn problem_schema() -> Value {
    let codes: Vec<&str> = CODES.iter().map(|entry| entry.name).collect();
    let text = |text: &str| json!({ "type": "string", "description": text });
    json!({
        "type": "object",
        "description": "An RFC 9457 problem. Some codes have further members, which their pages list.",
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id", "error"],
        "properties": {
            "type": text("The page of the code, relative to the service"),
            "title": text("The problem in two or three words"),
            "status": { "type": "integer", "description": "The HTTP status" },
            "detail": text("This occurrence, for humans"),
            "instance": text("The path that was asked"),
            "code": { "type": "string", "enum": codes, "description": "What went wrong, for programs" },
            "request_id": text("The value of X-Request-Id"),
            "error": text("The title once more, for clients that expect a string there"),
        },
    })
}

fn oauth_error_schema() -> Value {
    let text = |text: &str| json!({ "type": "string", "description": text });
    json!({
        "type": "object",
        "description": "An error of an OAuth endpoint (RFC 6749, section 5.2).",
        "required": ["error", "error_description"],
        "properties": {
            "error": text("What went wrong, for programs, such as `invalid_client`"),
            "error_description": text("What went wrong, for developers"),
        },
    })
}

/// The problem of one item of a batch: without what belongs to the whole request.
fn item_problem_schema() -> Value {
    let mut schema = problem_schema();
    schema["description"] = "The problem of one item, with the members that the code has elsewhere.".into();
    schema["required"] = json!(["status", "type", "title", "detail", "code", "error"]);
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("instance");
        properties.remove("request_id");
        let replayed = "Present when the refusal was given before, to an earlier request with the same key";
        properties.insert("replayed".into(), json!({ "type": "boolean", "description": replayed }));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_documented_and_nothing_else() {
        let document = document().expect("a document");
        let mut documented: Vec<String> = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for method in item.as_object().expect("an item").keys() {
                documented.push(format!("{} {path}", method.to_ascii_uppercase()));
            }
        }
        let mut routes: Vec<String> =
            ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        // Only a server that was started for a benchmark has it.
        routes.retain(|route| !route.contains("/bench/"));
        documented.sort_unstable();
        routes.sort_unstable();
        assert_eq!(documented, routes);
    }

    #[test]
    fn who_may_call_is_documented() {
        let document = document().expect("a document");
        let needs =
            |path: &str, method: &str| document["paths"][path][method]["security"][0]["api_key"][0].clone();
        assert_eq!(needs("/v1/wallets/{wallet}/deductions", "post"), "credits:deduct");
        assert_eq!(needs("/metrics", "get"), "admin");
        assert_eq!(needs("/livez", "get"), Value::Null);
    }
}
