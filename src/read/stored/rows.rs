//! Rows of plain columns, made into what they mean, and back.

use events::{
    AppId, Credits, Currency, KeyId, OrgId, PolicySet, Position, PriceSet, Time, Verifier, WalletId,
};
use projections::{
    AppRow, Basis, Identity, KeyRow, OrgRow, PersonRow, PolicyRow, PriceRow, ReturnedRow, RuleChanged, Rules,
    WalletRow,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{
    corrupt,
    tables::{Stored, Tables},
};
use crate::read::{Kept, PeopleQuery, StoreFault, WalletMark};

/// Id, app, organization, scopes as JSON, verifier, and when it was issued, is revoked and expires.
pub type StoredKey = (Uuid, Uuid, Uuid, String, Vec<u8>, i64, Option<i64>, Option<i64>);

/// Id, position of the last change, and JSON of a row about people.
pub(in crate::read) type StoredPerson = (Vec<u8>, i64, String);

/// Id, organization, `account_seq`, last event, number of events, state.
pub(in crate::read) type StoredWallet = (Uuid, Uuid, i64, i64, i64, Vec<u8>);

/// Wallet, event, `account_seq`, state.
pub(in crate::read) type StoredMark = (Uuid, i64, i64, Vec<u8>);

pub(in crate::read) const fn position(stored: i64) -> Position {
    Position(stored.cast_unsigned())
}

pub(in crate::read) const fn signed(position: Position) -> i64 {
    position.get().cast_signed()
}

/// A limit as databases take it.
pub(in crate::read) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(in crate::read) fn kept((id, org, seq, last, events, state): StoredWallet) -> Stored<Kept> {
    let (wallet, org) = (WalletId(id), OrgId(org));
    let row = WalletRow::unpack(wallet, org, seq.cast_unsigned(), position(last), &state);
    let row = row.ok_or_else(|| corrupt(format!("the state of wallet {wallet} can't be read")))?;
    Ok(Kept { row, events: events.cast_unsigned() })
}

pub(in crate::read) fn packed(row: &WalletRow) -> Vec<u8> {
    let mut state = Vec::with_capacity(16 + 24 * row.lots.len());
    row.pack(&mut state);
    state
}

pub(in crate::read) fn mark((wallet, last, seq, state): StoredMark) -> WalletMark {
    WalletMark { wallet: WalletId(wallet), last: position(last), account_seq: seq.cast_unsigned(), state }
}

/// The wallet that a mark remembers.
pub(in crate::read) fn marked(org: OrgId, stored: StoredMark) -> Stored<WalletRow> {
    let mark = mark(stored);
    let row = WalletRow::unpack(mark.wallet, org, mark.account_seq, mark.last, &mark.state);
    row.ok_or_else(|| corrupt(format!("the mark of wallet {} at {} can't be read", mark.wallet, mark.last)))
}

pub(in crate::read) const fn returned((event, total, last): (i64, i64, i64)) -> ReturnedRow {
    ReturnedRow { of: position(event), total: Credits::from_micros(total), last: position(last) }
}

pub(in crate::read) fn basis(stored: (i64, i64, i64, String)) -> Stored<(Position, Basis)> {
    let (lot, amount, paid, currency) = stored;
    let lot = position(lot);
    let currency = Currency::parse(&currency).ok_or_else(|| corrupt(format!("the currency of lot {lot}")))?;
    Ok((lot, Basis { amount: Credits::from_micros(amount), paid, currency }))
}

/// All identity rows; of those about people, the wanted ones.
pub(in crate::read) async fn identity(tables: &mut impl Tables, of: PeopleQuery) -> Stored<Identity> {
    let mut identity = Identity::default();
    for data in tables.people(of).await? {
        let row =
            serde_json::from_str(&data).map_err(|error| corrupt(format!("a row about people: {error}")))?;
        identity.people.put(row);
    }
    for (id, name) in tables.organizations().await? {
        let row = OrgRow { id: OrgId(id), name: name.into() };
        identity.organizations.insert(row.id, row);
    }
    for (id, org, name, registered) in tables.apps().await? {
        let registered = Time::from_micros(registered);
        let row = AppRow { id: AppId(id), org: OrgId(org), name: name.into(), registered };
        identity.apps.insert(row.id, row);
    }
    for stored in tables.keys().await? {
        let row = key(stored)?;
        identity.keys.insert(row.id, row);
    }
    Ok(identity)
}

fn key((id, app, org, scopes, verifier, issued, revoked, expires): StoredKey) -> Stored<KeyRow> {
    let key = KeyId(id);
    let verifier = verifier.as_slice().try_into();
    Ok(KeyRow {
        id: key,
        app: AppId(app),
        org: OrgId(org),
        scopes: serde_json::from_str(&scopes)
            .map_err(|error| corrupt(format!("the scopes of key {key}: {error}")))?,
        verifier: Verifier(verifier.map_err(|_| corrupt(format!("the verifier of key {key} is cut off")))?),
        issued: Time::from_micros(issued),
        expires: expires.map(Time::from_micros),
        revoked: revoked.map(Time::from_micros),
    })
}

/// A key as it is stored.
pub(in crate::read) fn stored_key(row: &KeyRow) -> StoredKey {
    let scopes = serde_json::Value::from_iter(row.scopes.iter().map(|scope| scope.to_string()));
    let revoked = row.revoked.map(Time::micros);
    (
        row.id.0,
        row.app.0,
        row.org.0,
        scopes.to_string(),
        row.verifier.0.to_vec(),
        row.issued.micros(),
        revoked,
        row.expires.map(Time::micros),
    )
}

/// A row about people as it is stored.
pub(in crate::read) fn stored_person(row: &PersonRow) -> Stored<StoredPerson> {
    let data = serde_json::to_string(row);
    let data = data.map_err(|error| corrupt(format!("a row about people can't be written: {error}")))?;
    Ok((row.key().bytes(), signed(row.changed()), data))
}

/// All rules, or those of one organization.
pub(in crate::read) async fn rules(tables: &mut impl Tables, of: Option<OrgId>) -> Stored<Rules> {
    let mut rules = Rules::default();
    for (version, org, data) in tables.prices(of).await? {
        let (version, org) = (position(version), OrgId(org));
        rules.prices.insert(version, PriceRow { version, org, set: parsed::<PriceSet>(&data)? });
    }
    for (version, org, data) in tables.policies(of).await? {
        let (version, org) = (position(version), OrgId(org));
        rules.policies.insert(org, PolicyRow { org, version, set: parsed::<PolicySet>(&data)? });
    }
    Ok(rules)
}

fn parsed<T: DeserializeOwned>(data: &str) -> Stored<T> {
    serde_json::from_str(data).map_err(|error| corrupt(format!("a rule: {error}")))
}

/// The row of a rule that changed as it is stored: version, organization and JSON.
pub(in crate::read) fn stored_rule(
    rules: &Rules,
    changed: RuleChanged,
) -> Stored<Option<(i64, Uuid, String)>> {
    let (version, org, data) = match changed {
        RuleChanged::Price(version) => {
            let Some(row) = rules.prices.get(&version) else { return Ok(None) };
            (row.version, row.org, serde_json::to_string(&row.set))
        }
        RuleChanged::Policy(org) => {
            let Some(row) = rules.policies.get(&org) else { return Ok(None) };
            (row.version, row.org, serde_json::to_string(&row.set))
        }
    };
    let data = data.map_err(|error| corrupt(format!("a rule can't be written: {error}")))?;
    Ok(Some((signed(version), org.0, data)))
}

/// The one position of all projections; `None` when they are not those of today.
pub(in crate::read) fn current(rows: &[(String, i64, i64)]) -> Option<Position> {
    let (_, _, first) = rows.first()?;
    let versions = projections::VERSIONS;
    let expected = versions.iter().map(|(name, version)| (*name, i64::from(*version), *first));
    let stored = rows.iter().map(|(name, version, position)| (name.as_str(), *version, *position));
    expected.eq(stored).then(|| position(*first))
}

/// Gives numbers to organizations and apps of a batch that have none, and returns the new ones.
pub(in crate::read) fn number_new_ids(
    numbers: &mut events::IdMap<Uuid, i64>,
    batch: &crate::read::Batch<'_>,
) -> Vec<(i64, Uuid)> {
    let mut new = Vec::new();
    let orgs = batch.wallets.iter().map(|row| row.row.org.0);
    let of_entries = batch.entries.iter().filter_map(|entry| entry.app).map(|app| app.0);
    // A rollback counts for an app that may have no entry yet.
    let of_usage = batch.usage.iter().filter_map(|(key, _)| key.app).map(|app| app.0);
    for id in orgs.chain(of_entries).chain(of_usage) {
        let next = numbers.len() as i64 + 1;
        numbers.entry(id).or_insert_with(|| {
            new.push((next, id));
            next
        });
    }
    new
}

/// A batch that does not begin where the store is.
pub(in crate::read) fn misplaced(start: Position, checkpoint: Position) -> StoreFault {
    corrupt(format!("a batch from {start} on does not follow {checkpoint}"))
}

/// A checkpoint that somebody else moved.
pub(in crate::read) fn moved(start: Position) -> StoreFault {
    corrupt(format!("the checkpoint is not at {start}, where this process left it"))
}
