//! The rows of a batch but the answers, written into PostgreSQL: a statement a table, its columns as
//! arrays.

use events::Time;
use projections::{Changed, Identity, RuleChanged};
use sqlx::PgConnection;
use uuid::Uuid;

use super::fault::store;
use crate::read::{
    Batch, StoreFault, WalletMark,
    stored::{
        corrupt, entry_rows, liability,
        rows::{packed, signed, stored_key, stored_person, stored_rule},
        usage::{self, StoredUsage},
    },
};

const IDS: &str = "INSERT INTO ids (build, number, id) SELECT $1, * FROM unnest($2::bigint[], $3::uuid[])";

const WALLETS: &str = "INSERT INTO wallets (build, id, org, account_seq, last, events, state) SELECT $1, * \
     FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[]) \
     ON CONFLICT (build, id) DO UPDATE SET org = excluded.org, account_seq = excluded.account_seq, \
     last = excluded.last, events = excluded.events, state = excluded.state";
const TIMERS: &str = "INSERT INTO timers (build, wallet, due) \
     SELECT $1, * FROM unnest($2::uuid[], $3::bigint[]) ON CONFLICT (build, wallet) DO UPDATE SET due = excluded.due";
const MARKS: &str = "INSERT INTO wallet_marks (build, wallet, last, account_seq, state) \
     SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[])";

const ENTRIES: &str = "INSERT INTO entries (build, first, time, data) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[])";
const LISTS: &str = "INSERT INTO entry_lists (build, org, app, kind, first, data) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])";

const USAGE: &str = "INSERT INTO usage AS u (build, org, day, app, service, spendings, spent, spent_micros, \
     rollbacks, returned, returned_micros) SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], \
     $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) \
     ON CONFLICT (build, org, day, app, service) DO UPDATE SET spendings = u.spendings + excluded.spendings, \
     spent = u.spent + excluded.spent, spent_micros = u.spent_micros + excluded.spent_micros, \
     rollbacks = u.rollbacks + excluded.rollbacks, returned = u.returned + excluded.returned, \
     returned_micros = u.returned_micros + excluded.returned_micros";
const LIABILITY: &str = "INSERT INTO liability_marks (build, org, position, totals) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[])";

const RETURNED: &str = "INSERT INTO returned (build, event, total, last) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) \
     ON CONFLICT (build, event) DO UPDATE SET total = excluded.total, last = excluded.last";
const BASES: &str = "INSERT INTO bases (build, lot, amount, paid, currency) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[])";

const ORGANIZATION: &str = "INSERT INTO organizations (build, id, name) VALUES ($1, $2, $3) \
     ON CONFLICT (build, id) DO UPDATE SET name = excluded.name";
const APP: &str = "INSERT INTO apps (build, id, org, name, registered) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (build, id) DO UPDATE SET org = excluded.org, name = excluded.name, \
     registered = excluded.registered";
const KEY: &str = "INSERT INTO keys (build, id, app, org, scopes, verifier, issued, revoked, expires) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (build, id) DO UPDATE SET app = excluded.app, \
     org = excluded.org, scopes = excluded.scopes, verifier = excluded.verifier, issued = excluded.issued, \
     revoked = excluded.revoked, expires = excluded.expires";
const PERSON: &str = "INSERT INTO people (build, id, changed, data) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (build, id) DO UPDATE SET changed = excluded.changed, data = excluded.data";
const REMOVE_PERSON: &str = "DELETE FROM people WHERE build = $1 AND id = $2";
const PRICE: &str = "INSERT INTO prices (build, version, org, data) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (build, version) DO UPDATE SET org = excluded.org, data = excluded.data";
const POLICY: &str = "INSERT INTO policies (build, version, org, data) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (build, org) DO UPDATE SET version = excluded.version, data = excluded.data";

/// A connection inside a transaction that writes one build.
pub(super) struct Writing<'c> {
    pub(super) connection: &'c mut PgConnection,
    pub(super) build: i32,
}

/// Executes a statement about many rows, unless there are none. The first array tells how many.
macro_rules! put {
    ($writing:expr, $sql:expr, $first:expr $(, $column:expr)*) => {{
        let first: Vec<_> = $first.collect();
        if first.is_empty() {
            Ok(())
        } else {
            sqlx::query($sql).bind($writing.build).bind(first)$(.bind($column.collect::<Vec<_>>()))*
                .execute(&mut *$writing.connection).await.map(drop).map_err(store)
        }
    }};
}

impl Writing<'_> {
    /// Writes new numbers of organizations and apps.
    pub(super) async fn ids(&mut self, ids: &[(i64, Uuid)]) -> Result<(), StoreFault> {
        put!(self, IDS, ids.iter().map(|id| id.0), ids.iter().map(|id| id.1))
    }

    /// Writes all rows of a batch but the answers. `number` knows every organization and app.
    pub(super) async fn batch(
        &mut self,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Copy + Send + Sync,
    ) -> Result<(), StoreFault> {
        self.wallets(batch, number).await?;
        self.entries(batch, number).await?;
        self.sums(batch, number).await?;
        self.by_position(batch).await?;
        for changed in batch.identity_changes {
            self.identity(batch.identity, changed).await?;
        }
        for changed in batch.rule_changes {
            let put = if matches!(changed, RuleChanged::Price(_)) { PRICE } else { POLICY };
            if let Some((version, org, data)) = stored_rule(batch.rules, *changed)? {
                let put = sqlx::query(put).bind(self.build).bind(version).bind(org).bind(data);
                put.execute(&mut *self.connection).await.map_err(store)?;
            }
        }
        Ok(())
    }

    async fn wallets(
        &mut self,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Copy + Send + Sync,
    ) -> Result<(), StoreFault> {
        let kept = &batch.wallets;
        put!(
            self,
            WALLETS,
            kept.iter().map(|kept| kept.row.id.0),
            kept.iter().map(|kept| number(kept.row.org.0)),
            kept.iter().map(|kept| kept.row.account_seq.cast_signed()),
            kept.iter().map(|kept| signed(kept.row.last)),
            kept.iter().map(|kept| kept.events.cast_signed()),
            kept.iter().map(|kept| packed(&kept.row))
        )?;
        let timers = &batch.timers;
        let (wallet, due) =
            (timers.iter().map(|of| of.wallet.0), timers.iter().map(|of| of.due.map(Time::micros)));
        put!(self, TIMERS, wallet, due)?;
        // In order of wallet, so that neighbours go to one page of the index.
        let mut marks: Vec<&WalletMark> = batch.wallet_marks.iter().collect();
        marks.sort_unstable_by_key(|mark| (mark.wallet, mark.last));
        put!(
            self,
            MARKS,
            marks.iter().map(|mark| mark.wallet.0),
            marks.iter().map(|mark| signed(mark.last)),
            marks.iter().map(|mark| mark.account_seq.cast_signed()),
            marks.iter().map(|mark| mark.state.as_slice())
        )
    }

    async fn entries(
        &mut self,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
    ) -> Result<(), StoreFault> {
        let pages = entry_rows::pages(batch.entries);
        let data = pages.iter().map(|page| page.2.as_slice());
        put!(self, ENTRIES, pages.iter().map(|page| page.0), pages.iter().map(|page| page.1), data)?;
        let lists = entry_rows::lists(batch.entries, number)?;
        put!(
            self,
            LISTS,
            lists.iter().map(|(key, _)| key.0),
            lists.iter().map(|(key, _)| key.1),
            lists.iter().map(|(key, _)| key.2),
            lists.iter().map(|(key, _)| key.3),
            lists.iter().map(|(_, data)| data.as_slice())
        )
    }

    async fn sums(
        &mut self,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Copy + Send + Sync,
    ) -> Result<(), StoreFault> {
        let usage: Option<Vec<StoredUsage>> =
            batch.usage.iter().map(|(key, counts)| usage::stored(key, counts, number)).collect();
        let mut usage = usage.ok_or_else(|| corrupt("usage of an unknown organization or app"))?;
        usage.sort_unstable();
        put!(
            self,
            USAGE,
            usage.iter().map(|of| of.0),
            usage.iter().map(|of| of.1),
            usage.iter().map(|of| of.2),
            usage.iter().map(|of| of.3.as_str()),
            usage.iter().map(|of| of.4),
            usage.iter().map(|of| of.5),
            usage.iter().map(|of| of.6),
            usage.iter().map(|of| of.7),
            usage.iter().map(|of| of.8),
            usage.iter().map(|of| of.9)
        )?;
        let marks = batch.liability_marks;
        put!(
            self,
            LIABILITY,
            marks.iter().map(|mark| number(mark.org.0)),
            marks.iter().map(|mark| signed(mark.position)),
            marks.iter().map(|mark| liability::packed(&mark.totals))
        )
    }

    async fn by_position(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        let (returned, bases) = (&batch.returned, batch.bases);
        put!(
            self,
            RETURNED,
            returned.iter().map(|of| signed(of.of)),
            returned.iter().map(|of| of.total.micros()),
            returned.iter().map(|of| signed(of.last))
        )?;
        put!(
            self,
            BASES,
            bases.iter().map(|(lot, _)| signed(*lot)),
            bases.iter().map(|(_, basis)| basis.amount.micros()),
            bases.iter().map(|(_, basis)| basis.paid),
            bases.iter().map(|(_, basis)| basis.currency.as_str())
        )
    }

    async fn identity(&mut self, identity: &Identity, changed: &Changed) -> Result<(), StoreFault> {
        let query = match changed {
            Changed::Organization(id) => identity
                .organizations
                .get(id)
                .map(|row| sqlx::query(ORGANIZATION).bind(self.build).bind(row.id.0).bind(row.name.as_ref())),
            Changed::App(id) => identity.apps.get(id).map(|row| {
                let put = sqlx::query(APP).bind(self.build).bind(row.id.0).bind(row.org.0);
                put.bind(row.name.as_ref()).bind(row.registered.micros())
            }),
            Changed::Key(id) => identity.keys.get(id).map(|row| {
                let (id, app, org, scopes, verifier, issued, revoked, expires) = stored_key(row);
                let put = sqlx::query(KEY).bind(self.build).bind(id).bind(app).bind(org).bind(scopes);
                put.bind(verifier).bind(issued).bind(revoked).bind(expires)
            }),
            Changed::Person(key) => Some(match identity.people.get(key) {
                Some(row) => {
                    let (id, changed, data) = stored_person(row)?;
                    sqlx::query(PERSON).bind(self.build).bind(id).bind(changed).bind(data)
                }
                None => sqlx::query(REMOVE_PERSON).bind(self.build).bind(key.bytes()),
            }),
        };
        match query {
            Some(query) => query.execute(&mut *self.connection).await.map(drop).map_err(store),
            None => Ok(()),
        }
    }
}
