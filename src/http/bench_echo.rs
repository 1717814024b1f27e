//! `POST /bench/echo/{wallet}`: what a deduction costs without a ledger. The same authentication,
//! the same parsing and the same shape of answer; the yardstick of the benchmark.

use axum::extract::State;
use events::{
    Asked, Balances, CommandId, Credits, CreditsDeducted, Envelope, Position, Salt, Slice, Subject,
};
use ledger::Charge;

use super::{
    app::Shared,
    deductions::{Deduction, DeductionRequest},
    extract::{Asking, Caller, Payload, WalletPath, scope},
    problem::Problem,
    reply::Reply,
    shapes::{Recording, UuidText},
};

/// Answers as a deduction would, and does nothing.
#[utoipa::path(
    post, path = "/bench/echo/{wallet}", tag = "operations", operation_id = "bench_echo",
    params(("wallet" = inline(UuidText), Path, description = "Any wallet")),
    request_body(content = DeductionRequest<'_>, example = json!({ "service": "chat", "cost": "0.5" })),
    responses((status = 201, description = "What a deduction would answer; only with `--bench-echo`", body = Deduction<'_>)),
)]
pub(super) async fn echo(
    State(shared): State<Shared>,
    caller: Caller<scope::Deduct>,
    WalletPath(wallet): WalletPath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: DeductionRequest<'_> = body.parse()?;
    let key = asking.required_key(request.idempotency_key.as_ref())?;
    let deduct = request.command()?;
    let cost = match deduct.charge {
        Charge::Cost(cost) => cost.credits(),
        Charge::Usage(_) => Credits::ZERO,
    };
    // As long as the amounts of a wallet under load.
    let left = Credits::from_micros(999_999_999_000);
    let balances = Balances { balance: left, available: left, reserved: Credits::ZERO };
    let event = CreditsDeducted {
        asked: Some(Asked { key, request: events::RequestHash([0; 16]) }),
        service: deduct.service,
        cost,
        slices: std::iter::once(Slice { lot: Position(1_000_000), amount: cost }).collect(),
        overdrawn: Credits::ZERO,
        price: None,
        budget: deduct.budget,
        batch: None,
        metadata: deduct.metadata,
        wallet: balances,
    };
    let envelope = Envelope {
        id: CommandId(wallet.0).event(0),
        ledger: shared.ledger,
        subject: Subject::Wallet(wallet),
        time: shared.clock.now(),
        org: Some(caller.org),
        app: caller.app,
        actor: caller.actor,
        position: Position(1_000_000),
        account_seq: Some(1),
        previous: None,
        correlation: asking.correlation,
        causation: CommandId(wallet.0),
        traceparent: asking.traceparent,
        salt: Salt([0; 16]),
    };
    Ok(Reply::created(&Deduction::of(&shared, wallet, Recording::from(&envelope), &event)))
}
