//! The server's own figures, from its `/metrics` page.

/// What the bench reads there; absent figures are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Metrics {
    /// Events that the slowest projection has yet to see.
    pub(super) lag_events: Option<f64>,
    /// Age of the oldest of them.
    pub(super) lag_seconds: Option<f64>,
    group_size_sum: Option<f64>,
    group_size_count: Option<f64>,
}

impl Metrics {
    /// Reads the Prometheus text format.
    pub(super) fn parse(text: &str) -> Self {
        let largest = |name| samples(text, name).reduce(f64::max);
        Self {
            lag_events: largest("credit_ledger_projection_lag_events"),
            lag_seconds: largest("credit_ledger_projection_lag_seconds"),
            group_size_sum: largest("credit_ledger_group_size_sum"),
            group_size_count: largest("credit_ledger_group_size_count"),
        }
    }

    /// Mean size of the groups committed since `before`.
    pub(super) fn group_size_since(&self, before: &Self) -> Option<f64> {
        let events = self.group_size_sum? - before.group_size_sum.unwrap_or(0.0);
        let groups = self.group_size_count? - before.group_size_count.unwrap_or(0.0);
        (groups > 0.0).then(|| events / groups)
    }
}

/// The values of a metric, one for each set of labels.
fn samples<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = f64> + 'a {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with([' ', '{']) {
            return None;
        }
        rest.rsplit(' ').next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
# TYPE credit_ledger_group_size histogram
credit_ledger_group_size_bucket{le=\"1\"} 3
credit_ledger_group_size_sum 10
credit_ledger_group_size_count 4
";
    const AFTER: &str = "\
credit_ledger_group_size_sum 110
credit_ledger_group_size_count 9
credit_ledger_projection_lag_events{projection=\"balances\"} 7
credit_ledger_projection_lag_events{projection=\"entries\"} 12
credit_ledger_projection_lag_events_peak 99
credit_ledger_projection_lag_seconds 0.25
";

    #[test]
    fn the_slowest_projection_counts() {
        let metrics = Metrics::parse(AFTER);
        assert_eq!(metrics.lag_events, Some(12.0));
        assert_eq!(metrics.lag_seconds, Some(0.25));
    }

    #[test]
    fn group_size_is_the_mean_between_two_looks() {
        let (before, after) = (Metrics::parse(BEFORE), Metrics::parse(AFTER));
        assert_eq!(after.group_size_since(&before), Some(20.0));
        assert_eq!(after.group_size_since(&after), None);
        assert_eq!(Metrics::parse("").group_size_since(&before), None);
    }
}
