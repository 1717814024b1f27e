//! The rows of a batch but the answers, written into `read.db`.

use events::{Position, Time};
use projections::{Basis, Changed, Identity, ReturnedRow, RuleChanged};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    bulk::{Bulk, Row},
    fault::store,
};
use crate::read::{
    Batch, Kept, LiabilityMark, StoreFault, TimerChange, WalletMark,
    stored::{
        corrupt, entry_rows, liability,
        rows::{packed, stored_key, stored_person, stored_rule},
        tables::ListKey,
        usage::{self, StoredUsage},
    },
};

const PUT_ORGANIZATION: &str = "REPLACE INTO organizations (id, name) VALUES (?, ?)";
const PUT_APP: &str = "REPLACE INTO apps (id, org, name, registered) VALUES (?, ?, ?, ?)";
const PUT_KEY: &str = "REPLACE INTO keys (id, app, org, scopes, verifier, issued, revoked, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const PUT_PERSON: &str = "REPLACE INTO people (id, changed, data) VALUES (?, ?, ?)";
const REMOVE_PERSON: &str = "DELETE FROM people WHERE id = ?";
const PUT_PRICE: &str = "REPLACE INTO prices (version, org, data) VALUES (?, ?, ?)";
const PUT_POLICY: &str = "REPLACE INTO policies (version, org, data) VALUES (?, ?, ?)";

const ADD_USAGE: &str = "INSERT INTO usage (org, day, app, service, spendings, spent, spent_micros, \
     rollbacks, returned, returned_micros)";
const TO_USAGE: &str = " ON CONFLICT DO UPDATE SET spendings = spendings + excluded.spendings, \
     spent = spent + excluded.spent, spent_micros = spent_micros + excluded.spent_micros, \
     rollbacks = rollbacks + excluded.rollbacks, returned = returned + excluded.returned, \
     returned_micros = returned_micros + excluded.returned_micros";

/// The statements that write many rows.
pub(super) struct Statements {
    ids: Bulk,
    wallets: Bulk,
    marks: Bulk,
    timers: Bulk,
    pages: Bulk,
    lists: Bulk,
    usage: Bulk,
    liability: Bulk,
    returned: Bulk,
    bases: Bulk,
}

impl Statements {
    pub(super) fn new() -> Self {
        Self {
            ids: Bulk::new("INSERT INTO ids (number, id)", 2),
            wallets: Bulk::new("REPLACE INTO wallets (id, org, account_seq, last, events, state)", 6),
            marks: Bulk::new("INSERT INTO wallet_marks (wallet, last, account_seq, state)", 4),
            timers: Bulk::around(
                "INSERT INTO timers (wallet, due)",
                2,
                " ON CONFLICT DO UPDATE SET due = excluded.due",
            ),
            pages: Bulk::new("INSERT INTO entries (first, time, data)", 3),
            lists: Bulk::new("INSERT INTO entry_lists (org, app, kind, first, data)", 5),
            usage: Bulk::around(ADD_USAGE, 10, TO_USAGE),
            liability: Bulk::new("INSERT INTO liability_marks (org, position, totals)", 3),
            returned: Bulk::new("REPLACE INTO returned (event, total, last)", 3),
            bases: Bulk::new("INSERT INTO bases (lot, amount, paid, currency)", 4),
        }
    }

    /// Writes new numbers of organizations and apps.
    pub(super) async fn write_ids(
        &self,
        connection: &mut SqliteConnection,
        ids: &[(i64, Uuid)],
    ) -> Result<(), StoreFault> {
        let bind = |(number, id): &(i64, Uuid), row: &mut Row| {
            row.add(*number);
            row.add(*id);
        };
        self.ids.execute(connection, ids, bind).await.map_err(store)
    }

    /// Writes all rows of a batch but the answers. `number` knows every organization and app.
    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Copy + Send + Sync,
    ) -> Result<(), StoreFault> {
        self.write_wallets(connection, batch, number).await.map_err(store)?;
        self.write_entries(connection, batch, number).await?;
        self.write_sums(connection, batch, number).await?;
        self.write_by_position(connection, batch).await.map_err(store)?;
        for changed in batch.identity_changes {
            write_identity(connection, batch.identity, changed).await?;
        }
        for changed in batch.rule_changes {
            let put = if matches!(changed, RuleChanged::Price(_)) { PUT_PRICE } else { PUT_POLICY };
            if let Some((version, org, data)) = stored_rule(batch.rules, *changed)? {
                let put = sqlx::query(put).bind(version).bind(org).bind(data);
                put.execute(&mut *connection).await.map_err(store)?;
            }
        }
        Ok(())
    }

    /// Wallets, timers and marks: these in order of wallet, so that neighbours go to one page.
    async fn write_wallets(
        &self,
        connection: &mut SqliteConnection,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        let bind = |kept: &&Kept, row: &mut Row| {
            row.add(kept.row.id.0);
            row.add(number(kept.row.org.0));
            row.number(kept.row.account_seq);
            row.number(kept.row.last.get());
            row.number(kept.events);
            row.add(packed(&kept.row));
        };
        self.wallets.execute(connection, &batch.wallets, bind).await?;
        let bind = |change: &TimerChange, row: &mut Row| {
            row.add(change.wallet.0);
            row.add(change.due.map(Time::micros));
        };
        self.timers.execute(connection, &batch.timers, bind).await?;
        let mut marks: Vec<&WalletMark> = batch.wallet_marks.iter().collect();
        marks.sort_unstable_by_key(|mark| (mark.wallet, mark.last));
        let bind = |mark: &&WalletMark, row: &mut Row| {
            row.add(mark.wallet.0);
            row.number(mark.last.get());
            row.number(mark.account_seq);
            row.add(mark.state.as_slice());
        };
        self.marks.execute(connection, &marks, bind).await
    }

    async fn write_entries(
        &self,
        connection: &mut SqliteConnection,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), StoreFault> {
        let bind = |(first, time, data): &(i64, i64, Vec<u8>), row: &mut Row| {
            row.add(*first);
            row.add(*time);
            row.add(data.as_slice());
        };
        self.pages.execute(connection, &entry_rows::pages(batch.entries), bind).await.map_err(store)?;
        let lists = entry_rows::lists(batch.entries, number)?;
        let bind = |((org, app, kind, first), data): &(ListKey, Vec<u8>), row: &mut Row| {
            [org, app, kind, first].into_iter().for_each(|part| row.add(*part));
            row.add(data.as_slice());
        };
        self.lists.execute(connection, &lists, bind).await.map_err(store)
    }

    async fn write_sums(
        &self,
        connection: &mut SqliteConnection,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Copy + Send + Sync,
    ) -> Result<(), StoreFault> {
        let usage: Option<Vec<StoredUsage>> =
            batch.usage.iter().map(|(key, counts)| usage::stored(key, counts, number)).collect();
        let usage = usage.ok_or_else(|| corrupt("usage of an unknown organization or app"))?;
        let bind = |of: &StoredUsage, row: &mut Row| {
            [of.0, of.1, of.2].into_iter().for_each(|part| row.add(part));
            row.add(of.3.clone());
            [of.4, of.5, of.6, of.7, of.8, of.9].into_iter().for_each(|part| row.add(part));
        };
        self.usage.execute(connection, &usage, bind).await.map_err(store)?;
        let bind = |mark: &LiabilityMark, row: &mut Row| {
            row.add(number(mark.org.0));
            row.number(mark.position.get());
            row.add(liability::packed(&mark.totals));
        };
        self.liability.execute(connection, batch.liability_marks, bind).await.map_err(store)
    }

    async fn write_by_position(
        &self,
        connection: &mut SqliteConnection,
        batch: &Batch<'_>,
    ) -> Result<(), sqlx::Error> {
        let bind = |of: &ReturnedRow, row: &mut Row| {
            row.number(of.of.get());
            row.add(of.total.micros());
            row.number(of.last.get());
        };
        self.returned.execute(connection, &batch.returned, bind).await?;
        let bind = |(lot, basis): &(Position, Basis), row: &mut Row| {
            row.number(lot.get());
            row.add(basis.amount.micros());
            row.add(basis.paid);
            row.add(basis.currency.as_str().to_owned());
        };
        self.bases.execute(connection, batch.bases, bind).await
    }
}

async fn write_identity(
    connection: &mut SqliteConnection,
    identity: &Identity,
    changed: &Changed,
) -> Result<(), StoreFault> {
    let query = match changed {
        Changed::Organization(id) => identity
            .organizations
            .get(id)
            .map(|row| sqlx::query(PUT_ORGANIZATION).bind(row.id.0).bind(row.name.as_ref())),
        Changed::App(id) => identity.apps.get(id).map(|row| {
            let put = sqlx::query(PUT_APP).bind(row.id.0).bind(row.org.0);
            put.bind(row.name.as_ref()).bind(row.registered.micros())
        }),
        Changed::Key(id) => identity.keys.get(id).map(|row| {
            let (id, app, org, scopes, verifier, issued, revoked, expires) = stored_key(row);
            let put = sqlx::query(PUT_KEY).bind(id).bind(app).bind(org).bind(scopes);
            put.bind(verifier).bind(issued).bind(revoked).bind(expires)
        }),
        Changed::Person(key) => Some(match identity.people.get(key) {
            Some(row) => {
                let (id, changed, data) = stored_person(row)?;
                sqlx::query(PUT_PERSON).bind(id).bind(changed).bind(data)
            }
            None => sqlx::query(REMOVE_PERSON).bind(key.bytes()),
        }),
    };
    match query {
        Some(query) => query.execute(connection).await.map(drop).map_err(store),
        None => Ok(()),
    }
}
