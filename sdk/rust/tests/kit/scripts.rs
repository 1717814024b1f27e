//! Many scripts that nobody wrote: whatever happens on the way, each event is handled once and in the
//! order of its wallet.

use credit_ledger_client::kit::Step;

use super::*;

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Tells events forwards, mostly; skips, repeats, swaps, loses. The last one is always told.
fn script(dice: &mut Dice, events: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < events {
        match dice.below(16) {
            0 => at += 1,
            1 => steps.push(Step::Tell(dice.below(events as u64) as usize)),
            2 => steps.push(Step::Lose),
            3 => steps.extend([Step::Lose, Step::Refuse]),
            4 => steps.push(Step::End),
            5 => steps.push(Step::Settle),
            6 => steps.push(Step::Send(bytes::Bytes::from_static(b"?"))),
            _ => {
                steps.push(Step::Tell(at));
                at += 1;
            }
        }
    }
    steps.push(Step::Tell(events - 1));
    steps
}

async fn play(seed: u64) {
    let mut dice = Dice(seed);
    let wallets: Vec<u128> = (0..30).map(|_| u128::from(dice.below(4))).collect();
    let (story, at) = story(&wallets);
    let inbox = Inbox::new();
    // Two lives of the app, the second with what the first has left.
    for _ in 0..2 {
        let faults = (0..4).map(|_| (at[dice.below(30) as usize], vec![Fault::Retry; 2]));
        let handler = Keep::failing(faults.collect::<Vec<_>>());
        let broker = ScriptedBroker::new(&story, script(&mut dice, 30));
        let consumer = consumer(&broker, &inbox, handler).with_feed(story.feed());
        let in_flight_max = 1 + dice.below(8) as usize;
        broker.play(consumer.with_options(Options { in_flight_max, ..options() })).await;
    }
    let rows = inbox.rows();
    for (wallet, _) in &rows {
        let found: Vec<_> = rows.iter().filter(|(other, _)| other == wallet).map(|(_, at)| *at).collect();
        assert!(found.is_sorted(), "seed {seed}: {wallet} {found:?}");
    }
    let mut all = kept(&inbox);
    all.sort();
    assert_eq!(all, at, "seed {seed}");
    assert_eq!(inbox.noted(), at.last().copied(), "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_broker_does_each_event_is_handled_once_and_in_order() {
    for seed in 0..100 {
        play(seed).await;
    }
}
