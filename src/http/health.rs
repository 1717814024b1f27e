//! `/livez`, `/readyz` and `/metrics`: for whoever keeps the service running.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use events::Position;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    app::Shared,
    extract::{Caller, Params, scope},
    problem::{Code, Problem},
    reply::Reply,
};

/// The Prometheus text format.
const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Whether the process answers at all. It says nothing about the ledger: see `/readyz`.
#[utoipa::path(
    get, path = "/livez", tag = "operations", operation_id = "livez",
    responses((status = 200, description = "The process answers", body = String)),
)]
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// How much to say.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Verbosity {
    /// Present, with any value: say where writer and projections are.
    verbose: Option<String>,
}

/// Where writer and projections are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Always `ready`.
    status: &'static str,
    /// The number of durable events.
    #[schema(value_type = String, example = "1042")]
    head: Position,
    /// How many of them the projections have applied.
    #[schema(value_type = String, example = "1040")]
    checkpoint: Position,
    /// How many they have not.
    #[schema(value_type = String, example = "2")]
    lag_events: Position,
    /// Of several replicas: `role` (`writer`, `standby` or `starting`), the writer's `epoch` and, when
    /// that is another process, where it is; how long this one's lease lasts; how the relay is. Of
    /// several ledgers, this is all of the default one, or of the one that a credential belongs to;
    /// `ledgers` then has the same of each, with its id as `ledger` and its `obstacle`, if any.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

/// Whether commands and reads are taken; 503 while starting, stopping or halted. Of several ledgers, one
/// whose commands and reads are taken is enough.
#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "readyz",
    params(Verbosity),
    responses((status = 200, description = "Requests are taken; the object with `?verbose`", body = Readiness)),
)]
pub(super) async fn ready(
    State(shared): State<Shared>,
    Params(Verbosity { verbose }): Params<Verbosity>,
) -> Result<Response, Problem> {
    let (head, checkpoint) = (shared.commands.head(), *shared.reads.checkpoint().borrow());
    let obstacle = if shared.stopping.is_cancelled() {
        Some("the service is stopping".to_owned())
    } else {
        shared.readiness.obstacle()
    };
    if let Some(obstacle) = obstacle {
        return Err(Problem::new(Code::NotReady, obstacle).with("head", head).with("checkpoint", checkpoint));
    }
    if verbose.is_none() {
        return Ok("ready".into_response());
    }
    let lag_events = Position(head.get().saturating_sub(checkpoint.get()));
    Ok(Reply::ok(&Readiness {
        status: "ready",
        head,
        checkpoint,
        lag_events,
        details: shared.readiness.details(),
    })
    .into_response())
}

/// Figures of the service in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics",
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics(State(shared): State<Shared>, _: Caller<scope::Admin>) -> Response {
    ([(header::CONTENT_TYPE, EXPOSITION)], (shared.metrics)()).into_response()
}
