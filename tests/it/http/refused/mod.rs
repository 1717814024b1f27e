//! Bad input: every route, everything that can be wrong, and nothing that changes by it.

mod bodies;
mod clients;
mod credentials;
mod fields;
mod keys;
mod names;
mod paths;
mod queries;
mod values;

use credit_ledger::http::{
    HttpOptions,
    routes::{Access, Route},
};

use super::{requests::Draft, things::Things};
use crate::support::app::{Client, TestApp};

/// One spoiled request and the problem it must get.
struct Row {
    /// What is wrong with it.
    why: String,
    draft: Draft,
    status: u16,
    code: &'static str,
}

fn row(why: impl Into<String>, draft: Draft, status: u16, code: &'static str) -> Row {
    Row { why: why.into(), draft, status, code }
}

/// A ledger with things of two organizations in it.
struct World {
    app: TestApp,
    /// May do everything in the organization of `things`.
    client: Client,
    things: Things,
    /// Of another organization.
    theirs: Things,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start_with(HttpOptions { bench_echo: true, ..HttpOptions::default() }).await;
        let client = app.admin().await;
        let things = Things::stocked(&app, &client).await;
        let theirs = Things::stocked(&app, &app.stranger().await).await;
        Self { app, client, things, theirs }
    }

    /// Who may call the route.
    fn caller(&self, route: &Route) -> Client {
        if route.access == Access::Operator { self.app.operator() } else { self.client.clone() }
    }

    /// Sends each request as somebody who may, and tells what was not refused as it should be.
    async fn refuse(&self, route: &Route, rows: Vec<Row>, faults: &mut Vec<String>) {
        let client = self.caller(route);
        for Row { why, draft, status, code } in rows {
            let before = self.app.head();
            let answer = draft.by(&client).await;
            let fault = answer.is_problem(status, code).err();
            let fault =
                fault.or_else(|| (self.app.head() != before).then(|| "something was recorded".to_owned()));
            faults.extend(fault.map(|fault| format!("{} {}: {why}: {fault}", draft.method, draft.path)));
        }
    }

    /// Sends each request, which must succeed.
    async fn accept(&self, route: &Route, drafts: Vec<(String, Draft)>, faults: &mut Vec<String>) {
        let client = self.caller(route);
        for (why, draft) in drafts {
            let answer = draft.by(&client).await;
            if !(200..300).contains(&answer.status) {
                faults.push(format!(
                    "{} {}: {why}: refused with {}",
                    draft.method,
                    draft.path,
                    answer.text()
                ));
            }
        }
    }
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
