//! The interleaved rounds.

use super::HttpBenchError;
use super::measured::Measured;
use super::session::{Load, Session};
use crate::bench::load::{Distribution, Route};

/// In every round: echo, deduct and check over all wallets, the same on one hot wallet, then
/// deductions at half the speed that this round reached, to see latency without saturation.
pub(super) fn run(session: &mut Session) -> Result<Vec<Measured>, HttpBenchError> {
    let mut measured = Vec::new();
    let seconds = session.options.seconds;
    let rounds = session.options.rounds;
    for round in 1..=rounds {
        let mut deductions_per_second = 0.0;
        for distribution in [Distribution::Uniform, Distribution::Hot] {
            for route in [Route::Echo, Route::Deduct, Route::Check] {
                let load = Load { route, distribution, seconds, rate: None };
                session.show(&format!("round {round} of {rounds}: {route:?}, {distribution:?}"));
                let one = session.measure(load, &mut |_| Ok(()))?;
                if (route, distribution) == (Route::Deduct, Distribution::Uniform) {
                    deductions_per_second = one.load.throughput;
                }
                measured.push(one);
            }
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
