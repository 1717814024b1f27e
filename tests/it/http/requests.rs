//! A sound request to each route, and how to spoil one.

use credit_ledger::http::routes::{Access, Kind, ROUTES, Route};
use reqwest::Method;

use super::things::{Things, new_wallet};
use crate::support::app::{Client, Request};

/// A request that can be changed in one place at a time.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Names and the JSON text of their values; no body when absent.
    pub(crate) fields: Option<Vec<(String, String)>>,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    /// Instead of the fields.
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) content_type: Option<&'static str>,
}

impl Draft {
    /// What `route` answers with success, about these things. Two drafts differ wherever the route
    /// would refuse a second one.
    pub(crate) fn of(route: &Route, things: &Things) -> Self {
        let unique = new_wallet();
        let mut headers: Vec<(&'static str, Vec<u8>)> = Vec::new();
        if route.kind == Kind::Command {
            headers.push(("idempotency-key", unique.clone().into_bytes()));
        }
        if names_a_user(route.path) {
            headers.push(("x-user-id", things.wallet.clone().into_bytes()));
        }
        let fields = has_body(route).then(|| fields(route.path, &unique, things));
        Self {
            method: route.method.clone(),
            path: things.fill(route.path),
            fields,
            headers,
            raw: None,
            content_type: Some("application/json"),
        }
    }

    /// The same with this JSON text as the value of a field.
    pub(crate) fn with(&self, name: &str, json: &str) -> Self {
        let mut changed = self.without(name);
        changed.fields.get_or_insert_default().push((name.to_owned(), json.to_owned()));
        changed
    }

    /// The same without a field.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.fields.get_or_insert_default().retain(|(known, _)| known != name);
        changed
    }

    /// The same with other bytes as its body.
    pub(crate) fn raw(&self, body: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(body.into()), ..self.clone() }
    }

    /// The same with its body declared as something else, or not at all.
    pub(crate) fn declared(&self, content_type: Option<&'static str>) -> Self {
        Self { content_type, ..self.clone() }
    }

    /// The same with this header alone of its name.
    pub(crate) fn header(&self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        let mut changed = self.headerless(name);
        changed.headers.push((name, value.into()));
        changed
    }

    /// The same without a header.
    pub(crate) fn headerless(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.retain(|(known, _)| *known != name);
        changed
    }

    /// The same to another path.
    pub(crate) fn at(&self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self.clone() }
    }

    /// The body as it is sent.
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        let written = |fields: &Vec<(String, String)>| {
            let members: Vec<_> = fields.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
            format!("{{{}}}", members.join(",")).into_bytes()
        };
        self.raw.clone().or_else(|| self.fields.as_ref().map(written))
    }

    /// Ready to be sent by `client`.
    pub(crate) fn by(&self, client: &Client) -> Request {
        let mut request = client.request(self.method.clone(), &self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match (self.body(), self.content_type) {
            (Some(body), Some(content_type)) => request.body(content_type, body),
            (Some(body), None) => request.undeclared(body),
            (None, _) => request,
        }
    }
}

/// Whether a request to the route has a body.
pub(crate) fn has_body(route: &Route) -> bool {
    matches!(route.method, Method::POST | Method::PUT)
}

/// The fields of a sound body: those that are required, and little more.
fn fields(path: &str, unique: &str, things: &Things) -> Vec<(String, String)> {
    let fields: &[(&str, &str)] = match path {
        "/v1/wallets/{wallet}/deductions" | "/v1/wallets/{wallet}/checks" | "/bench/echo/{wallet}" => {
            &[("service", "\"chat\""), ("cost", "\"0.5\"")]
        }
        "/api/mcp/v1/credits/check" | "/api/mcp/v1/credits/deduct" => {
            &[("service", "\"chat\""), ("cost", "0.5")]
        }
        "/v1/wallets/{wallet}/purchases" | "/v1/wallets/{wallet}/grants" => &[("amount", "\"1\"")],
        "/v1/deductions/{id}/rollbacks" | "/v1/purchases/{id}/refunds" | "/v1/purchases/{id}/chargebacks" => {
            &[("amount", "\"0.01\"")]
        }
        "/v1/deductions:batch" => {
            &[("items", r#"[{"wallet":WALLET,"idempotency_key":UNIQUE,"service":"chat","cost":"0.5"}]"#)]
        }
        "/v1/checks:batch" => &[("items", r#"[{"wallet":WALLET,"service":"chat","cost":"0.5"}]"#)],
        "/v1/holds" => &[
            ("wallet", "WALLET"),
            ("service", "\"chat\""),
            ("cost", "\"0.5\""),
            ("timeout_seconds", "86400"),
        ],
        "/v1/holds/{id}/captures" => &[("cost", "\"0.01\"")],
        "/v1/holds/{id}/extensions" => &[("timeout_seconds", "86400")],
        "/v1/holds/{id}/release"
        | "/v1/adjustments/{id}/approval"
        | "/v1/wallets/{wallet}/freeze"
        | "/v1/wallets/{wallet}/unfreeze" => &[],
        "/v1/adjustments" => &[("wallet", "WALLET"), ("amount", "\"1\""), ("reason", "\"a slip\"")],
        "/v1/wallets/{wallet}/credit-limit" => &[("limit", "\"5\"")],
        "/v1/wallets/{wallet}/low-balance" => &[("threshold", "\"5\"")],
        "/v1/wallets/{wallet}/caps" => &[("app", "APP"), ("period", "\"day\""), ("amount", "\"1000\"")],
        "/v1/prices/{service}" => &[("units", r#"{"tokens":{"credits":"0.5","per":1000}}"#)],
        "/v1/policy" => &[
            ("returned_to_expired", "{\"rule\":\"original\"}"),
            ("cost_of_priced_service", "\"allowed\""),
            ("approval_above", "\"100\""),
        ],
        "/v1/wallets" => &[("wallet", "UNIQUE")],
        "/v1/users/{user}/roles" => &[("roles", "[\"customer\"]")],
        "/v1/users/{user}/disable" | "/v1/users/{user}/enable" => &[],
        "/v1/organizations" => &[("name", "UNIQUE")],
        "/api/cross-app/register" => {
            &[("name", "UNIQUE"), ("origins", "[\"https://a.example\"]"), ("scopes", "[\"credits:check\"]")]
        }
        "/api/cross-app/credit-check" | "/api/cross-app/credits/consume" => &[("amount", "0.01")],
        "/v1/apps" => &[("name", "UNIQUE"), ("scopes", "[\"credits:check\"]")],
        "/v1/clients" => &[
            ("name", "UNIQUE"),
            ("client", r#"{"grants":["client_credentials"],"scopes":["credits:check"]}"#),
        ],
        "/v1/apps/{app}/client" => {
            &[("grants", "[\"client_credentials\"]"), ("scopes", "[\"credits:check\"]")]
        }
        "/v1/apps/{app}/secrets" | "/v1/signing-keys" => &[],
        "/v1/apps/{app}/keys" => &[("scopes", "[\"credits:check\"]")],
        "/v1/keys/{key}/rotate" => &[("overlap_seconds", "60")],
        "/api/auth/groups" => &[("name", "UNIQUE")],
        "/api/auth/groups/{id}/members" => &[("user_id", "USER")],
        other => panic!("say what a sound body to {other} is"),
    };
    let quoted = |text: &str| format!("\"{text}\"");
    let filled = |json: &str| {
        json.replace("UNIQUE", &quoted(unique))
            .replace("WALLET", &quoted(&things.wallet))
            .replace("APP", &quoted(&things.app))
            .replace("USER", &quoted(&things.user))
    };
    fields.iter().map(|(name, json)| ((*name).to_owned(), filled(json))).collect()
}

/// Whether it is a path of earlier clients, which send more than is known.
pub(crate) fn is_compatible(path: &str) -> bool {
    let made_anew = path == "/api/cross-app/register";
    !made_anew && (path.starts_with("/api/mcp/") || path.starts_with("/api/cross-app/"))
}

/// Whether the user is named in a header.
pub(crate) fn names_a_user(path: &str) -> bool {
    path.starts_with("/api/mcp/") || path.starts_with("/api/cross-app/credit")
}

/// Every route for apps and operators, with a sound request about these things. Those for people alone
/// have their own tests, in `users`, and those of OAuth and the pages in `oauth::routes`.
pub(crate) fn all(things: &Things) -> impl Iterator<Item = (&'static Route, Draft)> {
    let plain = |route: &&Route| !is_for_people(route) && !matches!(route.kind, Kind::Oauth | Kind::Page);
    ROUTES.iter().filter(plain).map(|route| (route, Draft::of(route, things)))
}

/// Whether a route is for people alone: to sign in, or for who did.
pub(crate) fn is_for_people(route: &Route) -> bool {
    route.kind == Kind::Account || route.access == Access::SignedIn
}
