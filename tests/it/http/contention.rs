//! Many callers, one wallet.

use futures::future::join_all;

use super::things::{deduct, funded, wallet_at};
use crate::support::app::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_can_pay_600_of_1000_pays_600() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "600").await;
    let keys: Vec<_> = (0..1_000).map(|number| format!("d{number}")).collect();
    let answers = join_all(keys.iter().map(|key| deduct(&admin, &wallet, key, "1"))).await;
    let paid = answers.iter().filter(|answer| answer.status == 201).count();
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        let problem = refused.problem(402, "insufficient-credits");
        assert_eq!([&problem["available"], &problem["shortfall"]], ["0", "1"]);
    }
    assert_eq!((paid, answers.len()), (600, 1_000));
    let last = app.head().get() - 1;
    assert_eq!(wallet_at(&admin, &wallet, last).await["balance"], "0");
    // Whoever asks again gets the same answer.
    let again = join_all(keys.iter().map(|key| deduct(&admin, &wallet, key, "1"))).await;
    let same = answers.iter().zip(&again).all(|(first, second)| first.status == second.status);
    assert!(same && again.iter().all(|answer| answer.is_replayed()));
    assert_eq!(app.head().get() - 1, last);
}
