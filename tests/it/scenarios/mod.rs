//! The scenario files in `tests/scenarios/`, told in every world that promises to tell them alike.

mod commands;
mod compare;
mod decider;
mod engine;
mod follower;
mod http;
mod play;
mod row;
mod same_bytes;
mod table;
mod told;
mod values;
mod world;

/// Makes a test of each file in each world: `pure_decider::spend` and so on.
macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        /// Every file that is run.
        const RUN: &[&str] = &[$(stringify!($name)),+];

        scenarios!(@world pure_decider => crate::scenarios::decider::Decider::new(), $($name),+);
        scenarios!(@world hot_engine => crate::scenarios::engine::hot().await, $($name),+);
        scenarios!(@world cold_engine => crate::scenarios::engine::cold().await, $($name),+);
        scenarios!(@world restarted_engine => crate::scenarios::engine::restarted().await, $($name),+);
        scenarios!(@log engine_on_sqlite => sqlite, $($name),+);
        scenarios!(@log engine_on_postgres => postgres, $($name),+);
        #[cfg(feature = "eventstoredb")]
        scenarios!(@log engine_on_kurrent => kurrent, $($name),+);
        scenarios!(@world over_http => crate::scenarios::http::Http::start().await, $($name),+);
        scenarios!(@world over_http_on_postgres => crate::scenarios::http::Http::on_postgres().await, $($name),+);
    };
    (@log $world:ident => $log:ident, $($name:ident),+) => {
        mod $world {
            $(#[tokio::test]
            async fn $name() {
                let fresh = crate::support::logs::FreshLog::$log().await;
                crate::scenarios::same_bytes::play(stringify!($name), fresh).await;
            })+
        }
    };
    (@world $world:ident => $new:expr, $($name:ident),+) => {
        mod $world {
            $(#[tokio::test]
            async fn $name() {
                crate::scenarios::play::play(stringify!($name), $new).await;
            })+
        }
    };
}

scenarios! {
    adjustments,
    amounts,
    batches,
    budgets,
    burn_down,
    caps,
    checks,
    credit_limit,
    debt,
    dry_run,
    expiry,
    expiry_policies,
    freeze,
    hold_expiry,
    holds,
    holds_limit,
    idempotency,
    idle_wallets,
    lots_limit,
    low_balance,
    opening,
    organizations,
    prices,
    refunds,
    refusals_are_sticky,
    rollback,
    spend,
}

#[test]
fn every_file_is_run() {
    let folder = std::fs::read_dir(play::folder()).expect("the folder of scenarios");
    let paths = folder.map(|entry| entry.expect("a folder that can be listed").path());
    let scenarios = paths.filter(|path| path.extension().is_some_and(|extension| extension == "ledger"));
    let mut found: Vec<String> =
        scenarios.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    found.sort();
    assert_eq!(found, RUN, "name every file of tests/scenarios in tests/it/scenarios/mod.rs");
}
