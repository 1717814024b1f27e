//! The HTTP API: the native paths under `/v1`, the compatible ones of earlier clients, and what
//! operators and newcomers need. [`routes::ROUTES`] lists it all.
//!
//! A request goes through [`Api::respond`], which does once what every request needs, to the handler
//! of its route. Handlers take requests apart, ask the engine or the read side, and put the answer
//! together; they decide nothing and write nothing themselves.

mod adjustments;
mod app;
mod apps;
mod auth;
mod batches;
mod bench_echo;
mod caps;
mod captures;
mod charges;
mod check_batches;
mod checks;
mod clients;
mod commands;
mod compatible;
mod cross_app;
mod cursor;
mod deduction_batches;
mod deductions;
mod entries;
mod events;
mod explanations;
mod extract;
mod freezes;
mod front;
mod google;
mod grants;
mod health;
mod hold_ends;
mod holds;
mod keys;
mod liability;
mod limits;
mod lookup;
mod moments;
mod oauth;
pub mod openapi;
mod organizations;
mod origins;
pub mod pages;
pub mod peer;
mod policy;
mod positions;
mod prices;
pub mod problem;
mod purchases;
mod rates;
mod refunds;
mod reply;
mod rollbacks;
pub mod routes;
mod rules;
mod server;
mod shapes;
mod sheets;
mod signing_keys;
mod statements;
mod stream;
mod sums;
mod tallies;
mod ui;
mod usage;
mod users;
mod wallet_rules;
mod wallets;

pub use app::{App, HttpOptions, Readiness};
pub use front::Api;
pub use server::serve;

use app::Shared;
use axum::{
    Router,
    http::{HeaderName, Method, header},
};
use tower::Layer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The API over these parts. A metrics recorder must be installed before, or nothing is counted.
#[must_use]
pub fn api(app: App) -> Api {
    let (documented, document) = documented().split_for_parts();
    let json = openapi::finish(document).map(|document| document.to_string());
    let shared = Shared::new(app, json.unwrap_or_default().into());
    let mut documented = documented.merge(ui::router());
    if shared.options.bench_echo {
        documented = documented.merge(echo().split_for_parts().0);
    }
    let router = documented.with_state(shared.clone());
    // Around the whole router, because a browser must be able to read what is not found, too.
    let open = Router::new().fallback_service(cors().layer(router.clone()));
    Api::new(router, open, shared)
}

/// Every handler with its documentation.
fn documented() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::skeleton())
        .merge(users::documented())
        .merge(google::documented())
        .routes(routes!(wallets::open))
        .routes(routes!(wallets::read))
        .routes(routes!(purchases::create))
        .routes(routes!(purchases::read))
        .routes(routes!(grants::create))
        .routes(routes!(grants::read))
        .routes(routes!(checks::create))
        .routes(routes!(checks::read))
        .routes(routes!(deductions::create))
        .routes(routes!(deductions::read))
        .routes(routes!(deductions::read_of_wallet))
        .routes(routes!(rollbacks::create))
        .routes(routes!(rollbacks::read))
        .routes(routes!(deduction_batches::create))
        .routes(routes!(check_batches::create))
        .routes(routes!(holds::create))
        .routes(routes!(holds::read))
        .routes(routes!(captures::create))
        .routes(routes!(captures::read))
        .routes(routes!(hold_ends::extend))
        .routes(routes!(hold_ends::release))
        .routes(routes!(refunds::refund))
        .routes(routes!(refunds::charge_back))
        .routes(routes!(refunds::read))
        .routes(routes!(adjustments::create))
        .routes(routes!(adjustments::read))
        .routes(routes!(adjustments::approve))
        .routes(routes!(freezes::freeze))
        .routes(routes!(freezes::unfreeze))
        .routes(routes!(limits::set_credit_limit))
        .routes(routes!(limits::set_low_balance))
        .routes(routes!(caps::set))
        .routes(routes!(prices::set))
        .routes(routes!(prices::list))
        .routes(routes!(policy::set, policy::read))
        .routes(routes!(statements::read))
        .routes(routes!(explanations::read))
        .routes(routes!(usage::report))
        .routes(routes!(liability::report))
        .routes(routes!(entries::list))
        .routes(routes!(entries::list_of_wallet))
        .routes(routes!(events::follow))
        .routes(routes!(compatible::check))
        .routes(routes!(compatible::deduct))
        .merge(cross_app::routes())
        .merge(administration())
        .merge(authorization())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(ui::document))
        .routes(routes!(problem::pages::list))
        .routes(routes!(problem::pages::show))
}

/// Organizations, their apps, and what these show to be let in.
fn administration() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(organizations::register, organizations::list))
        .routes(routes!(apps::register, apps::list))
        .routes(routes!(keys::issue, keys::list))
        .routes(routes!(keys::revoke))
        .routes(routes!(clients::register))
        .routes(routes!(clients::set, clients::read))
        .routes(routes!(clients::issue))
        .routes(routes!(clients::revoke))
        .routes(routes!(signing_keys::list, signing_keys::rotate))
        .routes(routes!(signing_keys::revoke))
        .routes(routes!(keys::rotate))
}

/// The authorization server, and its pages.
fn authorization() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(oauth::token::token))
        .routes(routes!(oauth::authorize::show, oauth::authorize::take))
        .routes(routes!(oauth::consent::decide))
        .routes(routes!(oauth::inspect::introspect))
        .routes(routes!(oauth::inspect::revoke))
        .routes(routes!(oauth::userinfo::userinfo, oauth::userinfo::by_form))
        .routes(routes!(oauth::end_session::by_link, oauth::end_session::by_form))
        .routes(routes!(oauth::documents::jwks))
        .routes(routes!(oauth::documents::authorization_server))
        .routes(routes!(oauth::documents::openid_configuration))
        .routes(routes!(auth::groups::list, auth::groups::register))
        .routes(routes!(auth::groups::read))
        .routes(routes!(auth::groups::members, auth::groups::add))
        .routes(routes!(auth::groups::remove))
        .routes(routes!(auth::account::show))
        .routes(routes!(auth::account::end))
        .routes(routes!(auth::account::end_all))
        .routes(routes!(auth::account::disconnect))
        .routes(routes!(auth::login::show, auth::login::take))
        .routes(routes!(auth::register::show, auth::register::take))
        .routes(routes!(auth::mailed::show_verify, auth::mailed::verify))
        .routes(routes!(auth::mailed::show_reset, auth::mailed::reset))
        .routes(routes!(auth::logout::show, auth::logout::take))
}

/// The yardstick of the benchmark, which only a benchmark needs.
fn echo() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(bench_echo::echo))
}

/// Lets the page that asks read the answer.
fn cors() -> CorsLayer {
    let named = [
        "x-api-key",
        "x-user-id",
        "x-organization",
        "x-ledger",
        "x-session-token",
        "idempotency-key",
        "last-event-id",
        "traceparent",
    ];
    let sent = named.into_iter().map(HeaderName::from_static);
    let shown = ["idempotent-replayed", "x-ledger-next", "x-ledger-head"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(
            sent.chain([header::AUTHORIZATION, header::CONTENT_TYPE, front::REQUEST_ID]).collect::<Vec<_>>(),
        )
        .expose_headers(
            shown
                .into_iter()
                .chain([front::REQUEST_ID, header::ETAG, header::RETRY_AFTER])
                .collect::<Vec<_>>(),
        )
}
