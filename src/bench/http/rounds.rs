//! The interleaved rounds.

use super::HttpBenchError;
use super::measured::Measured;
use super::session::{Load, Session};
use crate::bench::load::{Distribution, Route};

/// What is measured in every round over these wallets.
pub(super) const fn routes(distribution: Distribution) -> &'static [Route] {
    match distribution {
        Distribution::Uniform => &[Route::Echo, Route::Deduct, Route::DeductBatch, Route::Check],
        Distribution::Hot | Distribution::Zipf | Distribution::Each => {
            &[Route::Echo, Route::Deduct, Route::Check]
        }
    }
}

/// In every round: echo, deduct, deduct in batches and check over all wallets, all but the batches on
/// one hot wallet, then deductions at half the speed that this round reached, to see latency without
/// saturation.
pub(super) fn run(session: &mut Session) -> Result<Vec<Measured>, HttpBenchError> {
    let mut measured = Vec::new();
    let seconds = session.options.seconds;
    let rounds = session.options.rounds;
    for round in 1..=rounds {
        let mut deductions_per_second = 0.0;
        for distribution in [Distribution::Uniform, Distribution::Hot] {
            for route in routes(distribution) {
                let load = Load { route: *route, distribution, seconds, rate: None };
                session.show(&format!(
                    "round {round} of {rounds}: {}, {}",
                    route.name(),
                    distribution.name()
                ));
                let one = session.measure(load, &mut |_| Ok(()))?;
                if (*route, distribution) == (Route::Deduct, Distribution::Uniform) {
                    deductions_per_second = one.load.throughput;
                }
                measured.push(one);
            }
            session.measure_sql(distribution)?;
        }
        if deductions_per_second > 0.0 {
            let rate = Some((deductions_per_second / 2.0).round());
            let distribution = Distribution::Uniform;
            session.show(&format!("round {round} of {rounds}: deductions at half load"));
            let load = Load { route: Route::Deduct, distribution, seconds, rate };
            measured.push(session.measure(load, &mut |_| Ok(()))?);
        }
    }
    Ok(measured)
}
