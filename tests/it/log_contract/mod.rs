//! What every event log must do, run on each adapter: the one of KurrentDB on a double of it, or on a real
//! store when `CREDIT_LEDGER_TEST_EVENTSTORE` names one.

mod appending;
mod concurrency;
mod faulty;
mod model;
mod reading;
mod sqlite_faults;
mod sqlite_files;
mod subject;
mod waiting;

/// Makes a test of each case for each log: `memory::<case>`, `sqlite::<case>`, `postgres::<case>` and, with
/// the feature `eventstoredb`, `kurrent::<case>`.
macro_rules! on_every_log {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::log_contract::subject::Subject::memory()).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::log_contract::subject::Subject::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::log_contract::subject::Subject::postgres().await).await;
            })+
        }
        #[cfg(feature = "eventstoredb")]
        mod kurrent {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::log_contract::subject::Subject::kurrent().await).await;
            })+
        }
    };
}
use on_every_log;
