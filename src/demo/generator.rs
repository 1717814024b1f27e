//! Made-up traffic of the same shape as a trace: many short requests, a few long ones.

use crate::clock::{Entropy, Generator};

use super::request::{Cast, Request, Usage};

/// Wallets of the made-up users; odd, so that every wallet meets both apps.
const WALLETS: usize = 25;
/// 2026-01-05T09:00:00Z, when the made-up day starts.
const FIRST_SECOND: i64 = 1_767_603_600;
/// The longest pause between two requests, in milliseconds.
const PAUSE_MAX_MS: u64 = 800;

/// Who plays: two apps and 25 wallets.
#[must_use]
pub fn cast() -> Cast {
    Cast { apps: vec!["assistant".into(), "code-completion".into()], wallets: WALLETS }
}

/// So many requests, the same for the same seed.
#[must_use]
pub fn requests(count: usize, seed: u64) -> Vec<Request> {
    let mut dice = Dice(Generator::from_seed(seed));
    let cast = cast();
    let mut millisecond = FIRST_SECOND * 1_000;
    let mut request = |number| {
        millisecond += i64::try_from(dice.below(PAUSE_MAX_MS)).unwrap_or(0);
        let at = jiff::Timestamp::from_millisecond(millisecond).unwrap_or_default();
        let usage = Usage { at, context_tokens: dice.tokens(6, 13), generated_tokens: dice.tokens(2, 9) };
        Request::new(number, &cast, usage)
    };
    (0..count).map(&mut request).collect()
}

struct Dice(Generator);

impl Dice {
    /// A number from 0 to `end` - 1, `end` above zero; the tiny bias of the remainder does no harm here.
    fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    /// A number of tokens whose order of magnitude is drawn first: from 2^low to 2^high - 1.
    fn tokens(&mut self, low: u64, high: u64) -> u32 {
        let magnitude = 1 << (low + self.below(high - low));
        u32::try_from(magnitude + self.below(magnitude)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_story() {
        assert_eq!(requests(50, 7), requests(50, 7));
        assert_ne!(requests(50, 7), requests(50, 8));
        assert_eq!(requests(50, 7)[..20], requests(20, 7), "a shorter story is the start of a longer one");
    }

    #[test]
    fn requests_cost_something_and_follow_one_another() {
        let requests = requests(500, 1);
        assert!(requests.iter().all(|request| request.usage.cost().is_positive()));
        assert!(requests.windows(2).all(|pair| pair[0].usage.at <= pair[1].usage.at));
        let tokens = |request: &Request| (64..8_192).contains(&request.usage.context_tokens);
        assert!(requests.iter().all(tokens));
    }
}
