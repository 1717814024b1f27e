//! What every vault must do, run on each adapter.

mod activity;
mod opening;
mod rows;
mod subject;
mod taking;

/// Makes a test of each case for each vault: `memory::<case>`, `sqlite::<case>`, `postgres::<case>`.
macro_rules! on_every_vault {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::vault::subject::Subject::memory()).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::vault::subject::Subject::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::vault::subject::Subject::postgres().await).await;
            })+
        }
    };
}
use on_every_vault;
