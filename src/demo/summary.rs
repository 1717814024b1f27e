//! What a story came to: figures per app and per wallet, held against what the ledger says.

use anyhow::anyhow;
use events::{Credits, Position};
use serde::Serialize;
use serde_json::Value;

use super::{
    funding::Funding,
    play::{Result, text},
    request::Cast,
    scene::Scene,
    story::Stage,
};
use crate::cli::{
    client::Query,
    failure::{Failure, Outcome},
};

/// Figures of a set of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// All requests: `deducted + refused`.
    pub requests: u64,
    /// Requests that were paid for, whether given back later or not.
    pub deducted: u64,
    /// Requests refused for lack of credits.
    pub refused: u64,
    /// Requests that checked first.
    pub checked: u64,
    /// Requests sent twice under one key and answered alike.
    pub replayed: u64,
    /// Deductions given back, whole or by half.
    pub rolled_back: u64,
    /// Credits deducted.
    pub spent: Credits,
    /// Credits given back.
    pub returned: Credits,
}

impl Figures {
    const NONE: Self = Self {
        requests: 0,
        deducted: 0,
        refused: 0,
        checked: 0,
        replayed: 0,
        rolled_back: 0,
        spent: Credits::ZERO,
        returned: Credits::ZERO,
    };

    fn of<'a>(results: impl Iterator<Item = &'a Result>) -> Outcome<Self> {
        let mut figures = Self::NONE;
        for result in results {
            figures.requests += 1;
            figures.deducted += u64::from(result.spent.is_some());
            figures.refused += u64::from(result.spent.is_none());
            figures.checked += u64::from(result.checked);
            figures.replayed += u64::from(result.replayed);
            figures.rolled_back += u64::from(result.returned.is_some());
            figures.spent = sum(figures.spent, result.spent.unwrap_or_default())?;
            figures.returned = sum(figures.returned, result.returned.unwrap_or_default())?;
        }
        Ok(figures)
    }
}

/// An app's part.
#[derive(Debug, Clone, Serialize)]
pub struct AppPart {
    /// Its name.
    pub name: String,
    /// Its id.
    pub app_id: String,
    /// What it asked for.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A wallet's part.
#[derive(Debug, Clone, Serialize)]
pub struct WalletPart {
    /// Its id.
    pub wallet: String,
    /// What was asked of it.
    #[serde(flatten)]
    pub figures: Figures,
    /// Credits bought before the story.
    pub purchased: Credits,
    /// Credits granted before the story.
    pub granted: Credits,
    /// What it holds at the end, as the ledger says.
    pub balance: Credits,
}

/// The whole story.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// All of it.
    #[serde(flatten)]
    pub figures: Figures,
    /// Each app's part, by number.
    pub apps: Vec<AppPart>,
    /// Each wallet's part, by number.
    pub wallets: Vec<WalletPart>,
    /// The scene beside the story; its figures are in none of the above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<Scene>,
}

/// Sums the results up and reads each wallet's balance once all of the story is in it.
///
/// # Errors
/// When a balance is not what was put in, less what was spent, plus what was given back.
pub async fn sum_up(stage: &Stage, funding: &[Funding], results: &[Result]) -> Outcome<Summary> {
    let head = results.iter().map(|result| result.position).fold(stage.head, Position::max);
    let mut apps = Vec::new();
    for (number, app) in stage.apps.iter().enumerate() {
        let figures = Figures::of(results.iter().filter(|result| result.app == number))?;
        apps.push(AppPart { name: app.name.clone(), app_id: app.id.clone(), figures });
    }
    let mut wallets = Vec::new();
    for (number, funding) in funding.iter().enumerate() {
        let figures = Figures::of(results.iter().filter(|result| result.wallet == number))?;
        let wallet = Cast::wallet(number).to_string();
        let query = Query::of(format!("/v1/wallets/{wallet}")).with("min_position", head);
        let balance = balance(&stage.operator.get(query.as_str()).await?.json()?)?;
        let put_in = sum(sum(funding.purchased, funding.granted)?, figures.returned)?;
        if Some(balance) != put_in.checked_sub(figures.spent) {
            let message =
                format!("wallet {wallet} has {balance}: {put_in} came in, {} was spent", figures.spent);
            return Err(Failure::Verification(message));
        }
        let Funding { purchased, granted } = *funding;
        wallets.push(WalletPart { wallet, figures, purchased, granted, balance });
    }
    Ok(Summary { figures: Figures::of(results.iter())?, apps, wallets, scene: None })
}

impl Summary {
    /// The wallets that spent most, at most so many.
    #[must_use]
    pub fn top(&self, count: usize) -> Vec<&WalletPart> {
        let mut wallets: Vec<_> = self.wallets.iter().collect();
        wallets.sort_by_key(|part| std::cmp::Reverse(part.figures.spent));
        wallets.truncate(count);
        wallets
    }

    /// The sum of something over all wallets.
    ///
    /// # Errors
    /// When that is more than an amount can be.
    pub fn total(&self, of: impl Fn(&WalletPart) -> Credits) -> Outcome<Credits> {
        self.wallets.iter().try_fold(Credits::ZERO, |total, part| sum(total, of(part)))
    }
}

fn balance(wallet: &Value) -> Outcome<Credits> {
    Ok(text(wallet, "/balance")?.parse().map_err(|error| anyhow!("balance: {error}"))?)
}

fn sum(one: Credits, other: Credits) -> Outcome<Credits> {
    Ok(one.checked_add(other).ok_or_else(|| anyhow!("the sum is more than an amount can be"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_counts_once_and_spends_nothing() {
        let credits = |micros| Some(Credits::from_micros(micros));
        let results = [
            Result { spent: credits(1_500), returned: credits(750), checked: true, ..Result::default() },
            Result { replayed: true, ..Result::default() },
        ];
        let figures = Figures::of(results.iter()).expect("a sum");
        assert_eq!((figures.requests, figures.deducted, figures.refused), (2, 1, 1));
        assert_eq!((figures.checked, figures.replayed, figures.rolled_back), (1, 1, 1));
        assert_eq!((figures.spent.micros(), figures.returned.micros()), (1_500, 750));
    }
}
