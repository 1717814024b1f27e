//! What is agreed about a wallet and what is reserved in it, as the wallet's answer shows it.

use events::{AppId, Credits, Position, PublicId, PublicKind, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::{app::Shared, caps::CapPeriod};
use crate::read::WalletView;

/// What is agreed about a wallet, and what is reserved in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WalletStanding {
    /// What was overdrawn, or taken back after it was spent.
    #[schema(value_type = String, example = "0")]
    debt: Credits,
    /// How far it may be overdrawn.
    #[schema(value_type = String, example = "0")]
    credit_limit: Credits,
    /// Whether spending is stopped.
    frozen: bool,
    /// Below which available amount its credits are low; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "10")]
    low_balance: Option<Credits>,
    /// Its open holds, oldest first.
    holds: Vec<OpenHold>,
    /// What apps and their budgets may spend.
    caps: Vec<AppCap>,
}

/// A hold that may still be captured from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenHold {
    /// The hold.
    #[schema(value_type = String, example = "hol_1b4e28ba_42")]
    id: PublicId,
    /// What it pays for.
    service: Box<str>,
    /// The most that may be captured in all.
    #[schema(value_type = String, example = "12")]
    cap: Credits,
    /// What was captured so far.
    #[schema(value_type = String, example = "4")]
    captured: Credits,
    /// What is still reserved.
    #[schema(value_type = String, example = "6")]
    remaining: Credits,
    /// When what is left is released by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// What an app or a budget may spend.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppCap {
    /// The app.
    #[schema(value_type = String, format = "uuid")]
    app: AppId,
    /// The budget; all that the app spends, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<Box<str>>,
    /// Over which time.
    period: CapPeriod,
    /// The most.
    #[schema(value_type = String, example = "100")]
    amount: Credits,
    /// What was spent in the period that began at `since`; what is held comes on top.
    #[schema(value_type = String, example = "12.5")]
    used: Credits,
    /// When the period began that `used` counts; absent for a cap over all time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
}

/// What is still reserved by the open hold at this position; none when no such hold is open.
pub(super) fn reserved_by(view: &WalletView, hold: Position) -> Option<Credits> {
    let open = view.row.holds.iter().find(|open| open.id == hold)?;
    let plus = |sum: Credits, part: Credits| sum.checked_add(part).unwrap_or(Credits::MAX);
    Some(open.slices.iter().fold(open.overdrawn, |sum, slice| plus(sum, slice.remaining)))
}

impl WalletStanding {
    /// Of a wallet as of a checkpoint.
    pub(super) fn of(shared: &Shared, view: &WalletView) -> Self {
        let row = &view.row;
        let holds = row.holds.iter().map(|hold| OpenHold {
            id: shared.public_id(PublicKind::Hold, hold.id),
            service: hold.service.clone(),
            cap: hold.cap,
            captured: hold.captured,
            remaining: reserved_by(view, hold.id).unwrap_or_default(),
            expires_at: hold.expires,
        });
        let caps = row.caps.iter().map(|cap| AppCap {
            app: cap.app,
            budget: cap.budget.as_deref().map(Box::from),
            period: cap.period.into(),
            amount: cap.amount,
            used: cap.used,
            since: (cap.period != events::Period::Total).then_some(cap.since),
        });
        Self {
            debt: row.debt,
            credit_limit: row.limit,
            frozen: row.frozen,
            low_balance: row.threshold,
            holds: holds.collect(),
            caps: caps.collect(),
        }
    }
}
