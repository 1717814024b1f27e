//! Figures by route. Each handle is made once: counting a request looks nothing up by name.

use std::{sync::OnceLock, time::Duration};

use axum::http::StatusCode;
use metrics::{Counter, Histogram, counter, histogram};

use crate::{
    http::{
        problem::{CODES, Code},
        routes::ROUTES,
    },
    telemetry::{HTTP_DURATION_SECONDS, HTTP_ERRORS_TOTAL, HTTP_REQUESTS_TOTAL},
};

/// The statuses that are counted apart, the frequent ones first; any other counts as the last.
const STATUSES: [u16; 26] = [
    201, 200, 402, 204, 206, 301, 303, 307, 308, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 423,
    429, 431, 503, 504, 500,
];

/// The figures of all routes.
pub(super) struct Tallies {
    /// In the order of [`ROUTES`], and one more for what is no route.
    routes: Vec<RouteTally>,
}

struct RouteTally {
    label: String,
    duration: Histogram,
    by_status: [OnceLock<Counter>; STATUSES.len()],
    by_code: [OnceLock<Counter>; CODES.len()],
}

impl Tallies {
    pub(super) fn new() -> Self {
        let labels = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path));
        let routes = labels.chain(["other".to_owned()]).map(RouteTally::new).collect();
        Self { routes }
    }

    /// Counts one answered request.
    pub(super) fn count(&self, route: Option<usize>, status: StatusCode, code: Option<Code>, took: Duration) {
        let Some(tally) = self.routes.get(route.unwrap_or(ROUTES.len())) else { return };
        tally.duration.record(took);
        let slot = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len() - 1);
        let counter = tally.by_status[slot].get_or_init(|| {
            let (route, status) = (tally.label.clone(), STATUSES[slot].to_string());
            counter!(HTTP_REQUESTS_TOTAL, "route" => route, "status" => status)
        });
        counter.increment(1);
        if let Some(code) = code {
            let counter = tally.by_code[code as usize].get_or_init(|| {
                let (route, code) = (tally.label.clone(), code.entry().name);
                counter!(HTTP_ERRORS_TOTAL, "route" => route, "code" => code)
            });
            counter.increment(1);
        }
    }
}

impl RouteTally {
    fn new(label: String) -> Self {
        Self {
            duration: histogram!(HTTP_DURATION_SECONDS, "route" => label.clone()),
            label,
            by_status: [const { OnceLock::new() }; STATUSES.len()],
            by_code: [const { OnceLock::new() }; CODES.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_status_of_its_own() {
        for entry in CODES {
            assert!(STATUSES.contains(&entry.status), "{}", entry.name);
        }
        let tallies = Tallies::new();
        tallies.count(None, StatusCode::IM_A_TEAPOT, Some(Code::Internal), Duration::ZERO);
        assert_eq!(tallies.routes.len(), ROUTES.len() + 1);
    }
}
