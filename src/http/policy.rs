//! `/v1/policy`: how an organization wants its wallets treated.

use axum::extract::State;
use events::{CostPolicy, Credits, Event, ExpiryPolicy, PolicySet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{
        AmountField, Asking, Caller, EXPIRY_SECONDS_MAX, Intent, Object, Params, Payload, interval, scope,
    },
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::Recording,
};

/// A policy to set: all of it, so that nothing is lost by leaving it out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyRequest<'a> {
    /// What a rollback does with credits whose lot has expired.
    #[schema(inline, value_type = ReturnRule)]
    returned_to_expired: Object<ReturnRule>,
    /// Whether a request may state a cost for a service that has a price.
    cost_of_priced_service: CostRule,
    /// Adjustments above this amount, either way, need a second person: a decimal string of at least
    /// zero; `null` for none.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, required, example = "1000")]
    approval_above: AmountField<'a>,
}

/// What becomes of credits that are given back to a lot that has expired.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnRule {
    /// `original`: they expire again at once; `grace`: they live for `seconds` from the rollback on;
    /// `reissue`: they live as long as the lot once did, from the rollback on.
    rule: ReturnKind,
    /// How long, with `grace` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
}

/// The rules there are for credits that are given back to an expired lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReturnKind {
    /// They expire again at once.
    Original,
    /// They live for a while.
    Grace,
    /// They live as long as the lot once did.
    Reissue,
}

/// Whether a request may state a cost for a service that has a price.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum CostRule {
    /// It may.
    Allowed,
    /// It is refused.
    Forbidden,
}

impl PolicyRequest<'_> {
    fn parse(&self) -> Result<PolicySet, Problem> {
        let Object(ReturnRule { rule, seconds }) = self.returned_to_expired;
        let returned_to_expired = match (rule, seconds) {
            (ReturnKind::Grace, Some(seconds)) => {
                ExpiryPolicy::Grace { micros: interval("seconds", seconds, EXPIRY_SECONDS_MAX)? }
            }
            (ReturnKind::Original, None) => ExpiryPolicy::Original,
            (ReturnKind::Reissue, None) => ExpiryPolicy::Reissue,
            (ReturnKind::Grace, None) | (ReturnKind::Original | ReturnKind::Reissue, Some(_)) => {
                return Err(Problem::bad_request("`seconds` goes with the rule `grace`, and only with it"));
            }
        };
        let above = &self.approval_above;
        Ok(PolicySet {
            returned_to_expired,
            cost_of_priced_service: match self.cost_of_priced_service {
                CostRule::Allowed => CostPolicy::Allowed,
                CostRule::Forbidden => CostPolicy::Forbidden,
            },
            approval_above: if above.is_null() { None } else { Some(above.parse_from_zero()?) },
        })
    }
}

/// How an organization wants its wallets treated.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Policy {
    /// What a rollback does with credits whose lot has expired.
    #[schema(inline)]
    returned_to_expired: ReturnRule,
    /// Whether a request may state a cost for a service that has a price.
    cost_of_priced_service: CostRule,
    /// Adjustments above this amount, either way, need a second person; `null` for none.
    #[schema(value_type = Option<String>, required, example = "1000")]
    approval_above: Option<Credits>,
}

/// A policy that was set.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyAnswer {
    #[serde(flatten)]
    policy: Policy,
    #[serde(flatten)]
    recording: Recording,
}

impl From<PolicySet> for Policy {
    fn from(set: PolicySet) -> Self {
        let (rule, seconds) = match set.returned_to_expired {
            ExpiryPolicy::Original => (ReturnKind::Original, None),
            ExpiryPolicy::Grace { micros } => (ReturnKind::Grace, Some(micros / 1_000_000)),
            ExpiryPolicy::Reissue => (ReturnKind::Reissue, None),
        };
        Self {
            returned_to_expired: ReturnRule { rule, seconds },
            cost_of_priced_service: match set.cost_of_priced_service {
                CostPolicy::Allowed => CostRule::Allowed,
                CostPolicy::Forbidden => CostRule::Forbidden,
            },
            approval_above: set.approval_above,
        }
    }
}

/// Sets the organization's policy as a whole. It holds from now on.
#[utoipa::path(
    put, path = "/v1/policy", tag = "rules", operation_id = "set_policy",
    params(Intent),
    request_body(content = PolicyRequest<'_>, example = json!({ "returned_to_expired": { "rule": "grace", "seconds": 86_400 }, "cost_of_priced_service": "forbidden", "approval_above": "1000" })),
    responses((status = 200, description = "The policy holds", body = PolicyAnswer)),
)]
pub(super) async fn set(
    State(shared): State<Shared>,
    caller: Caller<scope::Admin>,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: PolicyRequest<'_> = body.parse()?;
    let policy = request.parse()?;
    let recording = shared.rule(caller, &asking, Event::PolicySet(policy)).await?;
    Ok(Reply::ok(&PolicyAnswer { policy: policy.into(), recording }))
}

/// Reads the organization's policy.
#[utoipa::path(
    get, path = "/v1/policy", tag = "rules", operation_id = "read_policy",
    params(AtLeast),
    responses((status = 200, description = "The policy", body = Policy)),
)]
pub(super) async fn read(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Params(at_least): Params<AtLeast>,
) -> Result<Reply, Problem> {
    shared.reached(&at_least).await?;
    let rules = shared.rules(caller.org).await?;
    Ok(Reply::ok(&Policy::from(rules.policy)))
}
