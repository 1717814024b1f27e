//! Prices and policies in `read.db`.

use events::{OrgId, PolicySet, PriceSet};
use projections::{PolicyRow, PriceRow, RuleChanged, Rules};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use super::{
    fault::{corrupt, store},
    rows::{bytes, position, signed, uuid},
};
use crate::read::StoreFault;

const PRICES: &str = "SELECT version, org, data FROM prices";
const POLICIES: &str = "SELECT version, org, data FROM policies";
const PRICES_OF: &str = "SELECT version, org, data FROM prices WHERE org = ? ORDER BY version";
const POLICY_OF: &str = "SELECT version, org, data FROM policies WHERE org = ?";
const PUT_PRICE: &str = "REPLACE INTO prices (version, org, data) VALUES (?, ?, ?)";
const PUT_POLICY: &str = "REPLACE INTO policies (version, org, data) VALUES (?, ?, ?)";

type Stored = (i64, Vec<u8>, String);

/// All rules.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Rules, StoreFault> {
    let prices = sqlx::query_as(PRICES).fetch_all(&mut *connection).await.map_err(store)?;
    let policies = sqlx::query_as(POLICIES).fetch_all(connection).await.map_err(store)?;
    rules(prices, policies)
}

/// The rules of one organization.
pub(super) async fn of(connection: &mut SqliteConnection, org: OrgId) -> Result<Rules, StoreFault> {
    let prices = sqlx::query_as(PRICES_OF).bind(bytes(org.0)).fetch_all(&mut *connection);
    let prices = prices.await.map_err(store)?;
    let policies = sqlx::query_as(POLICY_OF).bind(bytes(org.0)).fetch_all(connection).await;
    rules(prices, policies.map_err(store)?)
}

fn rules(prices: Vec<Stored>, policies: Vec<Stored>) -> Result<Rules, StoreFault> {
    let mut rules = Rules::default();
    for (version, org, data) in prices {
        let (version, org) = (position(version), OrgId(uuid(&org)?));
        rules.prices.insert(version, PriceRow { version, org, set: parsed::<PriceSet>(&data)? });
    }
    for (version, org, data) in policies {
        let (version, org) = (position(version), OrgId(uuid(&org)?));
        rules.policies.insert(org, PolicyRow { org, version, set: parsed::<PolicySet>(&data)? });
    }
    Ok(rules)
}

fn parsed<T: DeserializeOwned>(data: &str) -> Result<T, StoreFault> {
    serde_json::from_str(data).map_err(|error| corrupt(format!("a rule: {error}")))
}

/// Writes the row that changed.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    rules: &Rules,
    changed: RuleChanged,
) -> Result<(), StoreFault> {
    let (put, version, org, data) = match changed {
        RuleChanged::Price(version) => {
            let Some(row) = rules.prices.get(&version) else { return Ok(()) };
            (PUT_PRICE, row.version, row.org, serde_json::to_string(&row.set))
        }
        RuleChanged::Policy(org) => {
            let Some(row) = rules.policies.get(&org) else { return Ok(()) };
            (PUT_POLICY, row.version, row.org, serde_json::to_string(&row.set))
        }
    };
    let data = data.map_err(|error| corrupt(format!("a rule can't be written: {error}")))?;
    let put = sqlx::query(put).bind(signed(version)).bind(bytes(org.0)).bind(data);
    put.execute(connection).await.map(drop).map_err(store)
}
