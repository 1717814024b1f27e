//! The requests of a story: who asks an AI for what, and what that costs.

use events::{Credits, WalletId};
use uuid::Uuid;

/// Micro-credits for a token that the model reads: 0.003 credits.
const MICROS_PER_CONTEXT_TOKEN: i64 = 3_000;
/// Micro-credits for a token that the model writes: 0.015 credits.
const MICROS_PER_GENERATED_TOKEN: i64 = 15_000;

/// How much an AI read and wrote for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// When, RFC 3339.
    pub at: jiff::Timestamp,
    /// Tokens that the model read.
    pub context_tokens: u32,
    /// Tokens that the model wrote.
    pub generated_tokens: u32,
}

impl Usage {
    /// What it costs: 0.003 credits a token read and 0.015 a token written, exactly.
    #[must_use]
    pub fn cost(&self) -> Credits {
        let context = i64::from(self.context_tokens) * MICROS_PER_CONTEXT_TOKEN;
        let generated = i64::from(self.generated_tokens) * MICROS_PER_GENERATED_TOKEN;
        Credits::from_micros(context + generated)
    }
}

/// Who plays in a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// The apps' names; request n belongs to app n modulo their number.
    pub apps: Vec<String>,
    /// How many wallets there are; request n belongs to wallet n modulo this.
    pub wallets: usize,
}

impl Cast {
    /// The wallet with this number: UUIDv5 of the OID namespace and `wallet-<number>`.
    #[must_use]
    pub fn wallet(number: usize) -> WalletId {
        WalletId(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("wallet-{number}").as_bytes()))
    }
}

/// One request of a story, and what is done beside its deduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number, from 0.
    pub number: usize,
    /// Number of its wallet.
    pub wallet: usize,
    /// Number of its app.
    pub app: usize,
    /// What the AI did.
    pub usage: Usage,
}

/// What of a deduction is given back, because the AI failed to deliver it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenBack {
    /// Everything.
    Whole,
    /// Half of the cost, rounded down to a micro-credit.
    Half,
}

impl Request {
    /// The request with this number, of this cast.
    #[must_use]
    pub fn new(number: usize, cast: &Cast, usage: Usage) -> Self {
        Self { number, wallet: number % cast.wallets, app: number % cast.apps.len(), usage }
    }

    /// Every 3rd request checks first.
    #[must_use]
    pub const fn checks_first(&self) -> bool {
        self.number.is_multiple_of(3)
    }

    /// Every 11th is sent twice, as by a client that got no answer.
    #[must_use]
    pub const fn is_repeated(&self) -> bool {
        self.number % 11 == 4
    }

    /// Of every 47, one is given back whole and one by half.
    #[must_use]
    pub const fn given_back(&self) -> Option<GivenBack> {
        match self.number % 47 {
            20 => Some(GivenBack::Whole),
            41 => Some(GivenBack::Half),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(context_tokens: u32, generated_tokens: u32) -> String {
        Usage { at: jiff::Timestamp::UNIX_EPOCH, context_tokens, generated_tokens }.cost().to_string()
    }

    #[test]
    fn costs_are_exact_to_three_decimals() {
        assert_eq!(cost(4_808, 10), "14.574");
        assert_eq!(cost(1, 0), "0.003");
        assert_eq!(cost(0, 1), "0.015");
        assert_eq!(cost(u32::MAX, u32::MAX), "77309411.31");
    }

    #[test]
    fn requests_go_round_wallets_and_apps() {
        let cast = Cast { apps: vec!["a".into(), "b".into()], wallets: 3 };
        let usage = Usage { at: jiff::Timestamp::UNIX_EPOCH, context_tokens: 1, generated_tokens: 1 };
        let request = Request::new(7, &cast, usage);
        assert_eq!((request.wallet, request.app), (1, 1));
        // Python: uuid.uuid5(uuid.NAMESPACE_OID, "wallet-0")
        assert_eq!(Cast::wallet(0).to_string(), "866302d8-aa8b-570e-90fa-f7ea4ac22e74");
    }
}
