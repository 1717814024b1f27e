//! Every route there is, and who may call it: the one table that the documentation, the metrics
//! and the authorization tests share.

use axum::http::Method;

use crate::identity::Scope;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever presents a key with this scope; `admin` has them all.
    Needs(Scope),
    /// Whoever presents any credential.
    Authenticated,
    /// The operator of the ledger alone, with the admin token.
    Operator,
    /// An OAuth client, by its secret or, when it is public, by its id.
    Client,
    /// Any user, by an access token of its own.
    SignedIn,
    /// A browser: what it sees depends on its cookie.
    Browser,
}

/// What a route does, as far as its documentation and its tests must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers from what the process knows.
    Discovery,
    /// Reads.
    Read,
    /// Changes a wallet, once for each idempotency key.
    Command,
    /// Asks or changes something and takes a key, but does not need one.
    KeyOptional,
    /// Asks for many things at once, each with a key and a result of its own.
    Batch,
    /// Sets a rule for all wallets of the organization. Setting it again changes nothing.
    Rule,
    /// Changes who may call.
    Administration,
    /// Takes a form and answers as OAuth has it.
    Oauth,
    /// A page for people, or its form.
    Page,
    /// Registers somebody, signs in, or changes somebody's own account.
    Account,
}

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub kind: Kind,
}

const fn get(path: &'static str, access: Access, kind: Kind) -> Route {
    Route { method: Method::GET, path, access, kind }
}

const fn post(path: &'static str, access: Access, kind: Kind) -> Route {
    Route { method: Method::POST, path, access, kind }
}

const fn delete(path: &'static str, access: Access, kind: Kind) -> Route {
    Route { method: Method::DELETE, path, access, kind }
}

const fn put(path: &'static str, access: Access, kind: Kind) -> Route {
    Route { method: Method::PUT, path, access, kind }
}

const PUBLIC: Access = Access::Public;
const ADMIN: Access = Access::Needs(Scope::Admin);
const CHECK: Access = Access::Needs(Scope::CreditsCheck);
const DEDUCT: Access = Access::Needs(Scope::CreditsDeduct);
const ROLLBACK: Access = Access::Needs(Scope::CreditsRollback);
const PURCHASE: Access = Access::Needs(Scope::CreditsPurchase);
const GRANT: Access = Access::Needs(Scope::CreditsGrant);
const HOLD: Access = Access::Needs(Scope::CreditsHold);
const REFUND: Access = Access::Needs(Scope::CreditsRefund);
const ADJUST: Access = Access::Needs(Scope::CreditsAdjust);
const CONTROL: Access = Access::Needs(Scope::WalletsControl);
const PRICES: Access = Access::Needs(Scope::PricesWrite);
const READ: Access = Access::Needs(Scope::CreditsRead);
const REPORTS: Access = Access::Needs(Scope::ReportsRead);
const EVENTS: Access = Access::Needs(Scope::EventsRead);
const GROUPS: Access = Access::Needs(Scope::GroupsRead);
const MEMBERS: Access = Access::Needs(Scope::MembersRead);
const GROUPS_ADMIN: Access = Access::Needs(Scope::GroupsAdmin);
const USERS: Access = Access::Needs(Scope::UsersRead);
const USERS_ADMIN: Access = Access::Needs(Scope::UsersAdmin);
const ACTIVITY: Access = Access::Needs(Scope::ActivityRead);
const SIGNED_IN: Access = Access::SignedIn;

/// Every route of the service. `/bench/echo/{wallet}` answers only when it was asked for.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    post("/v1/wallets/{wallet}/deductions", DEDUCT, Kind::Command),
    post("/v1/wallets/{wallet}/checks", CHECK, Kind::KeyOptional),
    post("/v1/wallets/{wallet}/purchases", PURCHASE, Kind::Command),
    post("/v1/wallets/{wallet}/grants", GRANT, Kind::Command),
    post("/v1/deductions/{id}/rollbacks", ROLLBACK, Kind::Command),
    post("/api/mcp/v1/credits/check", CHECK, Kind::KeyOptional),
    post("/api/mcp/v1/credits/deduct", DEDUCT, Kind::KeyOptional),
    post("/api/cross-app/register", Access::Needs(Scope::AppsAdmin), Kind::Administration),
    post("/api/cross-app/auth", PUBLIC, Kind::Account),
    post("/api/cross-app/validate-token", Access::Authenticated, Kind::Account),
    post("/api/cross-app/refresh-token", PUBLIC, Kind::Account),
    get("/api/cross-app/user", SIGNED_IN, Kind::Read),
    get("/api/cross-app/user-info", SIGNED_IN, Kind::Read),
    post("/api/cross-app/credit-check", CHECK, Kind::KeyOptional),
    get("/api/cross-app/credits", READ, Kind::Read),
    post("/api/cross-app/credits/consume", DEDUCT, Kind::KeyOptional),
    post("/v1/deductions:batch", DEDUCT, Kind::Batch),
    post("/v1/checks:batch", CHECK, Kind::Batch),
    post("/v1/holds", HOLD, Kind::Command),
    post("/v1/holds/{id}/captures", HOLD, Kind::Command),
    post("/v1/holds/{id}/extensions", HOLD, Kind::Command),
    post("/v1/holds/{id}/release", HOLD, Kind::Command),
    post("/v1/purchases/{id}/refunds", REFUND, Kind::Command),
    post("/v1/purchases/{id}/chargebacks", REFUND, Kind::Command),
    post("/v1/adjustments", ADJUST, Kind::Command),
    post("/v1/adjustments/{id}/approval", ADJUST, Kind::Command),
    post("/v1/wallets/{wallet}/freeze", CONTROL, Kind::Command),
    post("/v1/wallets/{wallet}/unfreeze", CONTROL, Kind::Command),
    put("/v1/wallets/{wallet}/credit-limit", CONTROL, Kind::Command),
    put("/v1/wallets/{wallet}/low-balance", CONTROL, Kind::Command),
    put("/v1/wallets/{wallet}/caps", CONTROL, Kind::Command),
    put("/v1/prices/{service}", PRICES, Kind::Rule),
    put("/v1/policy", ADMIN, Kind::Rule),
    post("/v1/wallets", PURCHASE, Kind::Command),
    get("/v1/wallets/{wallet}", READ, Kind::Read),
    get("/v1/wallets/{wallet}/deductions/{id}", READ, Kind::Read),
    get("/v1/deductions/{id}", READ, Kind::Read),
    get("/v1/checks/{id}", READ, Kind::Read),
    get("/v1/purchases/{id}", READ, Kind::Read),
    get("/v1/grants/{id}", READ, Kind::Read),
    get("/v1/rollbacks/{id}", READ, Kind::Read),
    get("/v1/holds/{id}", READ, Kind::Read),
    get("/v1/captures/{id}", READ, Kind::Read),
    get("/v1/refunds/{id}", READ, Kind::Read),
    get("/v1/adjustments/{id}", READ, Kind::Read),
    get("/v1/prices", READ, Kind::Read),
    get("/v1/policy", READ, Kind::Read),
    get("/v1/entries", READ, Kind::Read),
    get("/v1/wallets/{wallet}/entries", READ, Kind::Read),
    get("/v1/wallets/{wallet}/statement", READ, Kind::Read),
    get("/v1/wallets/{wallet}/explanation", READ, Kind::Read),
    get("/v1/reports/usage", REPORTS, Kind::Read),
    get("/v1/reports/liability", REPORTS, Kind::Read),
    get("/v1/events", EVENTS, Kind::Read),
    post("/v1/organizations", Access::Operator, Kind::Administration),
    get("/v1/organizations", ADMIN, Kind::Read),
    post("/v1/apps", ADMIN, Kind::Administration),
    get("/v1/apps", ADMIN, Kind::Read),
    post("/v1/apps/{app}/keys", ADMIN, Kind::Administration),
    get("/v1/apps/{app}/keys", ADMIN, Kind::Read),
    post("/v1/clients", ADMIN, Kind::Administration),
    put("/v1/apps/{app}/client", ADMIN, Kind::Administration),
    get("/v1/apps/{app}/client", ADMIN, Kind::Read),
    post("/v1/apps/{app}/secrets", ADMIN, Kind::Administration),
    delete("/v1/apps/{app}/secrets/{secret}", ADMIN, Kind::Administration),
    get("/v1/signing-keys", Access::Operator, Kind::Read),
    post("/v1/signing-keys", Access::Operator, Kind::Administration),
    delete("/v1/signing-keys/{kid}", Access::Operator, Kind::Administration),
    post("/oauth/token", Access::Client, Kind::Oauth),
    post("/oauth/introspect", Access::Client, Kind::Oauth),
    post("/oauth/revoke", Access::Client, Kind::Oauth),
    get("/oauth/userinfo", Access::SignedIn, Kind::Oauth),
    post("/oauth/userinfo", Access::SignedIn, Kind::Oauth),
    get("/oauth/jwks", PUBLIC, Kind::Discovery),
    get("/.well-known/oauth-authorization-server", PUBLIC, Kind::Discovery),
    get("/.well-known/openid-configuration", PUBLIC, Kind::Discovery),
    get("/oauth/authorize", Access::Browser, Kind::Page),
    post("/oauth/authorize", Access::Browser, Kind::Page),
    post("/oauth/consent", Access::Browser, Kind::Page),
    get("/oauth/logout", Access::Browser, Kind::Page),
    post("/oauth/logout", Access::Browser, Kind::Page),
    get("/account", Access::Browser, Kind::Page),
    post("/account/sessions/end", Access::Browser, Kind::Page),
    post("/account/sessions/end-all", Access::Browser, Kind::Page),
    post("/account/apps/disconnect", Access::Browser, Kind::Page),
    get("/login", Access::Browser, Kind::Page),
    post("/login", Access::Browser, Kind::Page),
    get("/register", Access::Browser, Kind::Page),
    post("/register", Access::Browser, Kind::Page),
    get("/verify-email", Access::Browser, Kind::Page),
    post("/verify-email", Access::Browser, Kind::Page),
    get("/password/reset", Access::Browser, Kind::Page),
    post("/password/reset", Access::Browser, Kind::Page),
    get("/logout", Access::Browser, Kind::Page),
    post("/logout", Access::Browser, Kind::Page),
    get("/api/auth/groups", GROUPS, Kind::Read),
    get("/api/auth/groups/{id}", GROUPS, Kind::Read),
    get("/api/auth/groups/{id}/members", MEMBERS, Kind::Read),
    post("/api/auth/groups", GROUPS_ADMIN, Kind::Administration),
    post("/api/auth/groups/{id}/members", GROUPS_ADMIN, Kind::Administration),
    delete("/api/auth/groups/{id}/members/{user}", GROUPS_ADMIN, Kind::Administration),
    delete("/v1/keys/{key}", ADMIN, Kind::Administration),
    post("/auth/register", PUBLIC, Kind::Account),
    post("/auth/verify-email", PUBLIC, Kind::Account),
    post("/auth/login", PUBLIC, Kind::Account),
    post("/auth/refresh", PUBLIC, Kind::Account),
    post("/auth/logout", SIGNED_IN, Kind::Account),
    post("/auth/password", SIGNED_IN, Kind::Account),
    post("/auth/password/reset", PUBLIC, Kind::Account),
    put("/auth/password/reset", PUBLIC, Kind::Account),
    get("/auth/me", SIGNED_IN, Kind::Read),
    put("/auth/me", SIGNED_IN, Kind::Account),
    get("/auth/preferences", SIGNED_IN, Kind::Read),
    put("/auth/preferences", SIGNED_IN, Kind::Account),
    get("/auth/sessions", SIGNED_IN, Kind::Read),
    delete("/auth/sessions", SIGNED_IN, Kind::Account),
    delete("/auth/sessions/{session}", SIGNED_IN, Kind::Account),
    get("/auth/apps", SIGNED_IN, Kind::Read),
    delete("/auth/apps/{app}", SIGNED_IN, Kind::Account),
    get("/auth/activity", SIGNED_IN, Kind::Read),
    get("/login/google", Access::Browser, Kind::Page),
    get("/api/auth/google", PUBLIC, Kind::Account),
    get("/api/auth/google/callback", PUBLIC, Kind::Account),
    get("/api/v1/oauth/callback/google", PUBLIC, Kind::Account),
    post("/api/auth/google/exchange", PUBLIC, Kind::Account),
    get("/api/auth/verify-session", PUBLIC, Kind::Account),
    get("/v1/users", USERS, Kind::Read),
    get("/v1/users/{user}", USERS, Kind::Read),
    put("/v1/users/{user}/roles", USERS_ADMIN, Kind::Administration),
    post("/v1/users/{user}/disable", USERS_ADMIN, Kind::Administration),
    post("/v1/users/{user}/enable", USERS_ADMIN, Kind::Administration),
    delete("/v1/users/{user}/sessions", USERS_ADMIN, Kind::Administration),
    get("/v1/activity", ACTIVITY, Kind::Read),
    get("/v1/activity/counts", ACTIVITY, Kind::Read),
    post("/v1/keys/{key}/rotate", ADMIN, Kind::Administration),
    get("/metrics", ADMIN, Kind::Discovery),
    get("/livez", PUBLIC, Kind::Discovery),
    get("/readyz", PUBLIC, Kind::Discovery),
    get("/openapi.json", PUBLIC, Kind::Discovery),
    get("/problems", PUBLIC, Kind::Discovery),
    get("/problems/{code}", PUBLIC, Kind::Discovery),
    post("/bench/echo/{wallet}", DEDUCT, Kind::Command),
];

/// Finds the route of a request, for its metrics.
#[derive(Debug)]
pub(super) struct Finder {
    /// By number of segments.
    by_length: Vec<Vec<Pattern>>,
}

/// The segments of a route; `None` is a parameter.
#[derive(Debug)]
struct Pattern {
    route: usize,
    segments: Vec<Option<&'static str>>,
}

impl Finder {
    pub(super) fn new() -> Self {
        let mut by_length: Vec<Vec<_>> = Vec::new();
        for (index, route) in ROUTES.iter().enumerate() {
            let literal = |segment: &'static str| (!segment.starts_with('{')).then_some(segment);
            let segments: Vec<_> = route.path.split('/').skip(1).map(literal).collect();
            if by_length.len() <= segments.len() {
                by_length.resize_with(segments.len() + 1, Vec::new);
            }
            by_length[segments.len()].push(Pattern { route: index, segments });
        }
        Self { by_length }
    }

    /// The index in [`ROUTES`] of the route that answers this, if one does.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<usize> {
        let length = path.bytes().filter(|byte| *byte == b'/').count();
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let fits = |pattern: &Pattern| {
            let pairs = pattern.segments.iter().zip(path.split('/').skip(1));
            ROUTES[pattern.route].method == *method
                && pairs.into_iter().all(|(wanted, asked)| wanted.is_none_or(|wanted| wanted == asked))
        };
        self.by_length.get(length)?.iter().find(|pattern| fits(pattern)).map(|pattern| pattern.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Option<&'static str> {
        Finder::new().find(method, path).map(|index| ROUTES[index].path)
    }

    #[test]
    fn requests_find_their_route() {
        let wallet = "/v1/wallets/7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";
        assert_eq!(found(&Method::GET, wallet), Some("/v1/wallets/{wallet}"));
        let deductions = format!("{wallet}/deductions");
        assert_eq!(found(&Method::POST, &deductions), Some("/v1/wallets/{wallet}/deductions"));
        assert_eq!(found(&Method::GET, &deductions), None);
        assert_eq!(found(&Method::HEAD, "/livez"), Some("/livez"));
        for unknown in ["", "/", "/v1", "/v1/wallets/x/y", "/a/b/c/d/e/f/g/h"] {
            assert_eq!(found(&Method::GET, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn every_route_finds_itself() {
        let finder = Finder::new();
        for (index, route) in ROUTES.iter().enumerate() {
            assert_eq!(
                finder.find(&route.method, route.path),
                Some(index),
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}
