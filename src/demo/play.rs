//! Plays a story: every wallet's requests one after the other, many wallets at once.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use events::{Credits, Position, WalletId};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    request::{Cast, GivenBack, Request},
    story::Stage,
};
use crate::cli::{
    client::{Answer, Client, escaped},
    failure::{Failure, Outcome},
};

/// Wallets served at the same time, each over a connection of its own.
const CONNECTIONS: usize = 16;
/// How often a request that met an overloaded server is sent again.
const ATTEMPTS: usize = 30;
const PAUSE: Duration = Duration::from_millis(200);

/// What became of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Result {
    /// Number of its wallet.
    pub wallet: usize,
    /// Number of its app.
    pub app: usize,
    /// Whether a check came first.
    pub checked: bool,
    /// The deduction's cost; none when it was refused.
    pub spent: Option<Credits>,
    /// Whether it was sent twice and got the first answer again.
    pub replayed: bool,
    /// What a rollback gave back; none when there was none.
    pub returned: Option<Credits>,
    /// Its last event that changed the wallet; 0 when there is none.
    pub position: Position,
}

/// Plays all requests and tells what became of each, in their order.
///
/// # Errors
/// On the first answer that a story doesn't foresee.
pub async fn play(stage: Arc<Stage>, requests: Vec<Request>, bar: ProgressBar) -> Outcome<Vec<Result>> {
    let count = requests.len();
    let mut lanes: Vec<Vec<Request>> = vec![Vec::new(); CONNECTIONS];
    for request in requests {
        // A wallet is always in the same lane, so its requests keep their order.
        lanes[request.wallet % CONNECTIONS].push(request);
    }
    let mut running = JoinSet::new();
    for lane in lanes {
        let (stage, bar) = (Arc::clone(&stage), bar.clone());
        running.spawn(async move {
            let mut results = Vec::with_capacity(lane.len());
            for request in lane {
                let what = || format!("request {}", request.number);
                results.push((
                    request.number,
                    one(&stage, &request).await.map_err(|error| named(error, what()))?,
                ));
                bar.inc(1);
            }
            Outcome::Ok(results)
        });
    }
    let mut all = vec![Result::default(); count];
    while let Some(lane) = running.join_next().await {
        let results = lane.context("a connection of the story broke down")??;
        for (number, result) in results {
            all[number] = result;
        }
    }
    Ok(all)
}

fn named(failure: Failure, request: String) -> Failure {
    if let Failure::Problem(problem) = failure {
        Failure::Other(anyhow::Error::from(*problem).context(request))
    } else {
        failure
    }
}

/// Check, deduction, repetition and rollback of one request.
async fn one(stage: &Stage, request: &Request) -> Outcome<Result> {
    let client = &stage.apps[request.app].client;
    let wallet = Cast::wallet(request.wallet);
    let cost = request.usage.cost();
    let mut result = Result {
        wallet: request.wallet,
        app: request.app,
        checked: request.checks_first(),
        ..Result::default()
    };
    if request.checks_first() {
        let body = json!({ "service": SERVICE, "cost": cost });
        let key = format!("check-{}", request.number);
        persist(client, &format!("/v1/wallets/{wallet}/checks"), &key, &body).await?;
    }
    let Some(deduction) = deduct(client, wallet, request, cost, &mut result).await? else {
        return Ok(result);
    };
    result.spent = Some(cost);
    result.position = position(&deduction)?;
    if let Some(given_back) = request.given_back() {
        let (returned, position) = give_back(client, &text(&deduction, "/id")?, given_back, request).await?;
        result.returned = Some(returned);
        result.position = position;
    }
    Ok(result)
}

/// What the apps of the story sell.
pub(super) const SERVICE: &str = "completion";

/// The deduction, or none when it was refused. Repeats it where the story says so.
async fn deduct(
    client: &Client,
    wallet: WalletId,
    request: &Request,
    cost: Credits,
    result: &mut Result,
) -> Outcome<Option<Value>> {
    let path = format!("/v1/wallets/{wallet}/deductions");
    let key = format!("request-{}", request.number);
    let usage = &request.usage;
    let body = json!({
        "service": SERVICE,
        "cost": cost,
        "metadata": {
            "at": usage.at.to_string(),
            "context_tokens": usage.context_tokens,
            "generated_tokens": usage.generated_tokens,
        },
    });
    let (first, _) = answered(persist(client, &path, &key, &body).await)?;
    if request.is_repeated() {
        let (again, replayed) = answered(persist(client, &path, &key, &body).await)?;
        if again != first || !replayed {
            let message = format!("request {}: the repeated key got another answer", request.number);
            return Err(Failure::Verification(message));
        }
        result.replayed = true;
    }
    Ok(first)
}

/// The deduction, none when the wallet can't pay; and whether it is an earlier answer.
fn answered(answer: Outcome<Answer>) -> Outcome<(Option<Value>, bool)> {
    match answer {
        Ok(answer) => Ok((Some(answer.json()?), answer.replayed)),
        Err(Failure::Problem(problem)) if problem.status == 402 => Ok((None, problem.replayed)),
        Err(other) => Err(other),
    }
}

async fn give_back(
    client: &Client,
    deduction: &str,
    how_much: GivenBack,
    request: &Request,
) -> Outcome<(Credits, Position)> {
    let (number, cost) = (request.number, request.usage.cost());
    let reason = "the completion was not delivered";
    let (amount, body) = match how_much {
        GivenBack::Whole => (cost, json!({ "reason": reason })),
        GivenBack::Half => {
            let half = Credits::from_micros(cost.micros() / 2);
            (half, json!({ "reason": reason, "amount": half }))
        }
    };
    let path = format!("/v1/deductions/{}/rollbacks", escaped(deduction));
    let answer = persist(client, &path, &format!("rollback-{number}"), &body).await?.json()?;
    let returned: Credits = text(&answer, "/amount")?.parse().map_err(|error| anyhow!("amount: {error}"))?;
    if returned == amount {
        Ok((returned, position(&answer)?))
    } else {
        Err(Failure::Verification(format!("request {number}: {amount} was to be given back, {returned} was")))
    }
}

/// Posts until the server has time. The key makes that safe.
pub(super) async fn persist(client: &Client, path: &str, key: &str, body: &Value) -> Outcome<Answer> {
    for _ in 1..ATTEMPTS {
        match client.post(path, Some(key), body).await {
            Err(Failure::Problem(problem)) if problem.is_passing() => tokio::time::sleep(PAUSE).await,
            other => return other,
        }
    }
    client.post(path, Some(key), body).await
}

/// A text in an answer.
pub(super) fn text(answer: &Value, pointer: &str) -> Outcome<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    Ok(found.ok_or_else(|| anyhow!("an answer without {pointer}: {answer}"))?.to_owned())
}

/// The position of the event that an answer tells of.
pub(super) fn position(answer: &Value) -> Outcome<Position> {
    Ok(text(answer, "/position")?.parse().map_err(|error| anyhow!("position: {error}"))?)
}
