//! The wallets that a run spends from, and how often each is chosen.

use clap::ValueEnum;
use uuid::Uuid;

use super::request::UUID_BYTES;

/// How requests spread over the wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Every wallet equally often.
    Uniform,
    /// The n-th wallet in proportion to 1/n: few busy ones, a long tail.
    Zipf,
    /// The first wallet only.
    Hot,
    /// One after the other, to fill them.
    Each,
}

impl Distribution {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

enum Pick {
    Uniform,
    /// Upper bounds of each wallet's share of the 64-bit numbers.
    Zipf(Vec<u64>),
    Hot,
    Each,
}

/// The id of the wallet with this number, the same in every run:
/// UUIDv5(OID namespace, `bench-wallet-<number>`).
pub fn wallet_id(number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("bench-wallet-{number}").as_bytes())
}

/// The wallets of a run, as they stand in request paths.
pub(super) struct Wallets {
    names: Vec<[u8; UUID_BYTES]>,
    pick: Pick,
}

impl Wallets {
    /// `count` wallets, at least one.
    pub(super) fn new(count: u32, distribution: Distribution) -> Self {
        let count = count.max(1);
        let names = (0..count).map(|number| {
            let mut name = [0; UUID_BYTES];
            wallet_id(number).hyphenated().encode_lower(&mut name);
            name
        });
        let pick = match distribution {
            Distribution::Uniform => Pick::Uniform,
            Distribution::Zipf => Pick::Zipf(zipf_bounds(count)),
            Distribution::Hot => Pick::Hot,
            Distribution::Each => Pick::Each,
        };
        Self { names: names.collect(), pick }
    }

    /// The wallet of a run's `index`-th request, chosen by `random`.
    pub(super) fn pick(&self, index: u64, random: u64) -> &[u8; UUID_BYTES] {
        let count = self.names.len();
        let chosen = match &self.pick {
            Pick::Uniform => ((u128::from(random) * count as u128) >> 64) as usize,
            Pick::Zipf(bounds) => bounds.partition_point(|bound| *bound < random).min(count - 1),
            Pick::Hot => 0,
            Pick::Each => (index % count as u64) as usize,
        };
        &self.names[chosen]
    }
}

fn zipf_bounds(count: u32) -> Vec<u64> {
    let total: f64 = (1..=count).map(|rank| 1.0 / f64::from(rank)).sum();
    let mut reached = 0.0;
    (1..=count)
        .map(|rank| {
            reached += 1.0 / f64::from(rank) / total;
            (reached * u64::MAX as f64) as u64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::keys::mix;
    use super::*;

    fn counts(distribution: Distribution) -> Vec<usize> {
        let wallets = Wallets::new(10, distribution);
        let mut counts = vec![0; 10];
        for index in 0..10_000 {
            let name = wallets.pick(index, mix(index));
            let number = wallets.names.iter().position(|other| other == name);
            counts[number.expect("a wallet of the run")] += 1;
        }
        counts
    }

    #[test]
    fn uniform_chooses_all_about_equally() {
        assert!(counts(Distribution::Uniform).iter().all(|count| (850..1_150).contains(count)));
    }

    #[test]
    fn zipf_chooses_the_first_ten_times_as_often_as_the_tenth() {
        let counts = counts(Distribution::Zipf);
        assert!((3_200..3_600).contains(&counts[0]), "{counts:?}");
        assert!((270..420).contains(&counts[9]), "{counts:?}");
    }

    #[test]
    fn hot_chooses_one_and_each_chooses_in_turn() {
        assert_eq!(counts(Distribution::Hot)[0], 10_000);
        assert_eq!(counts(Distribution::Each), [1_000; 10]);
    }

    #[test]
    fn wallet_ids_are_stable() {
        assert_eq!(wallet_id(0), Uuid::new_v5(&Uuid::NAMESPACE_OID, b"bench-wallet-0"));
        assert_ne!(wallet_id(0), wallet_id(1));
    }
}
