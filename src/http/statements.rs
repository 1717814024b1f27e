//! `/v1/wallets/{wallet}/statement`: what a wallet held, what moved, and what it holds then, for
//! people, spreadsheets and double-entry books.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use events::{OrgId, Position, WalletId};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{
    app::Shared,
    extract::{Caller, Params, WalletPath, scope},
    moments::Moment,
    positions::AtLeast,
    problem::{Code, Problem},
    reply::Reply,
    shapes::{UuidText, schemas_alone},
    sheets::{Accepted, document},
};
use crate::{
    read::{StatementPart, StatementQuery},
    report::{Form, Statement, StatementError, StatementOf},
};

/// Where the next part begins.
const NEXT: HeaderName = HeaderName::from_static("x-ledger-next");
/// The most events of one part.
const LIMIT_MAX: usize = 10_000;

/// Which statement is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StatementFilters {
    /// Its beginning: a position, an RFC 3339 time, or a date for its midnight in UTC. The first event,
    /// when absent.
    #[param(value_type = Option<String>, example = json!("2026-11-01"))]
    from: Option<Moment>,
    /// Its end, exclusively, in the same words; now, when absent or in the future.
    #[param(value_type = Option<String>, example = json!("2026-12-01"))]
    to: Option<Moment>,
    /// `json`, `csv`, `html`, `hledger` or `beancount`; what `Accept` says, when absent.
    #[param(example = json!("html"))]
    format: Option<String>,
    /// At most so many of the wallet's events, checks included, 1 to 10,000, which is also the default.
    limit: Option<usize>,
    /// The answer must include the event at this position: the `position` of an earlier answer.
    min_position: Option<u64>,
    /// How many seconds to wait for it, 0 to 30; 5 when absent.
    wait: Option<u32>,
}

schemas_alone! {
    /// How a statement is documented.
    StatementDocument = {
        "type": "object",
        "description": "What a wallet held, what moved credits, and what it holds then. Amounts are decimal strings.",
        "required": ["ledger", "organization", "wallet", "from", "to", "opening", "lines", "closing", "as_of_position"],
        "properties": {
            "ledger": { "type": "string", "format": "uuid" },
            "organization": { "type": "string", "format": "uuid" },
            "wallet": { "type": "string", "format": "uuid" },
            "from": { "$ref": "#/components/schemas/PeriodEdge" },
            "to": { "$ref": "#/components/schemas/PeriodEdge" },
            "opening": { "$ref": "#/components/schemas/StatementStanding" },
            "lines": { "type": "array", "items": { "$ref": "#/components/schemas/StatementLine" } },
            "closing": { "$ref": "#/components/schemas/StatementStanding" },
            "next_from": { "type": "string", "description": "Pass as `from` for the next part, which opens with this one's closing; absent when this is the last", "example": "10042" },
            "as_of_position": { "type": "string", "description": "Events below this position were looked at", "example": "43" }
        }
    },
    /// How what a wallet holds is documented.
    StatementStanding = {
        "type": "object",
        "description": "What a wallet holds: the free and held credits of both classes less the debt are the balance.",
        "required": ["balance", "available", "reserved", "paid", "promotional", "debt"],
        "properties": {
            "balance": { "type": "string", "example": "69.5" },
            "available": { "type": "string", "example": "63.5" },
            "reserved": { "type": "string", "example": "6" },
            "paid": { "$ref": "#/components/schemas/StatementParts" },
            "promotional": { "$ref": "#/components/schemas/StatementParts" },
            "debt": { "type": "string", "example": "0" }
        }
    },
    /// How the credits of a class are documented.
    StatementParts = {
        "type": "object",
        "required": ["free", "held"],
        "properties": {
            "free": { "type": "string", "description": "What no hold reserves", "example": "63.5" },
            "held": { "type": "string", "description": "What open holds reserve of lots", "example": "6" }
        }
    },
    /// How a line is documented.
    StatementLine = {
        "type": "object",
        "required": ["position", "time", "kind", "amount", "balance", "reserved", "lots", "debt_change"],
        "properties": {
            "position": { "type": "string", "example": "42" },
            "time": { "type": "string", "format": "date-time" },
            "kind": { "type": "string", "enum": ["purchase", "grant", "deduction", "rollback", "expiry", "hold", "capture", "release", "hold_expiry", "refund", "chargeback", "adjustment"] },
            "service": { "type": "string" },
            "reason": { "type": "string" },
            "payment_reference": { "type": "string" },
            "refers_to": { "type": "string", "description": "Position of the deduction, hold, purchase, lot or proposal that it is about" },
            "app": { "type": "string", "format": "uuid", "description": "The app that acted; absent when an operator or the time did" },
            "amount": { "type": "string", "description": "What the balance gained, or, below zero, lost", "example": "-0.5" },
            "balance": { "type": "string", "description": "The balance afterwards", "example": "69.5" },
            "reserved": { "type": "string", "description": "What holds reserve afterwards", "example": "0" },
            "lots": { "type": "array", "description": "How lots changed", "items": {
                "type": "object",
                "required": ["lot", "class", "free", "held"],
                "properties": {
                    "lot": { "type": "string", "example": "7" },
                    "class": { "$ref": "#/components/schemas/LotClass" },
                    "free": { "type": "string", "example": "-0.5" },
                    "held": { "type": "string", "example": "0" }
                }
            } },
            "debt_change": { "type": "string", "description": "How much the debt grew, or, below zero, fell", "example": "0" }
        }
    },
}

/// A statement as JSON.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    statement: Statement,
    as_of_position: Position,
}

/// Reads the statement of a wallet: opening, every line that moved credits, closing.
///
/// As JSON, CSV, a page to print, or a journal that `hledger check` and `bean-check` accept. A long one
/// comes in parts, each a statement of its own that opens with the closing of the one before: the
/// header `X-Ledger-Next` says where the next one begins.
#[utoipa::path(
    get, path = "/v1/wallets/{wallet}/statement", tag = "audit", operation_id = "read_statement",
    params(("wallet" = inline(UuidText), Path, description = "The wallet"), StatementFilters),
    responses((
        status = 200, description = "The statement",
        content(
            (StatementDocument = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (String = "text/plain"),
        ),
        headers(
            ("X-Ledger-Next" = String, description = "Pass as `from` for the next part; absent when this is the last"),
        ),
    )),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    WalletPath(wallet): WalletPath,
    accepted: Accepted,
    Params(filters): Params<StatementFilters>,
) -> Result<Response, Problem> {
    caller.must_reach(&shared, wallet)?;
    let form = accepted.form(filters.format.as_deref(), &Form::ALL)?;
    let limit = filters.limit.unwrap_or(LIMIT_MAX);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("`limit` is 1 to {LIMIT_MAX}")));
    }
    let at_least = AtLeast { min_position: filters.min_position, wait: filters.wait };
    let (from, to) = shared.period(filters.from, filters.to, &at_least).await?;
    must_be_of(&shared, wallet, caller.org).await?;
    let part = shared.reads.statement(StatementQuery { wallet, from, to, limit }).await?;
    let part = part.filter(|part| part.org == caller.org).ok_or_else(|| Problem::not_found("wallet"))?;
    let next = part.next;
    let of = StatementOf { ledger: shared.ledger, organization: part.org, wallet };
    // Thousands of lines are not written while others wait.
    let written = tokio::task::spawn_blocking(move || answer(of, &part, form)).await;
    let mut response = written.map_err(|_| failed("the statement could not be written"))??;
    if let Some(next) = next {
        response.headers_mut().insert(NEXT, next.get().into());
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// So that nothing is put together for others.
async fn must_be_of(shared: &Shared, wallet: WalletId, org: OrgId) -> Result<(), Problem> {
    let view = shared.reads.wallet(wallet).await?;
    view.filter(|view| view.row.org == org).map(|_| ()).ok_or_else(|| Problem::not_found("wallet"))
}

fn answer(of: StatementOf, part: &StatementPart, form: Form) -> Result<Response, Problem> {
    let statement = Statement::build(of, part.from, part.to, &part.opening, &part.events);
    let mut statement = statement.map_err(|error: StatementError| {
        tracing::error!(wallet = %of.wallet, %error, "a statement does not add up");
        failed("the wallet's events do not add up; the log has the request id")
    })?;
    statement.next = part.next;
    if form == Form::Json {
        let told = Told { statement, as_of_position: part.as_of };
        return Ok(Reply::ok(&told).into_response());
    }
    let mut body = Vec::new();
    form.write(&statement, &mut body).map_err(|_| failed("the statement could not be written"))?;
    let name = format!("statement-{}-{}-{}", of.wallet, part.from.position, part.to.position);
    Ok(document(form, &name, body))
}

fn failed(detail: &'static str) -> Problem {
    Problem::new(Code::Internal, detail)
}
