//! Organizations, apps and keys in `read.db`.

use events::{AppId, KeyId, OrgId, Time, Verifier};
use projections::{AppRow, Changed, Identity, KeyRow, OrgRow};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    fault::{corrupt, store},
    rows::{bytes, id},
};
use crate::read::StoreFault;

const ORGANIZATIONS: &str = "SELECT id, name FROM organizations";
const APPS: &str = "SELECT id, org, name, registered FROM apps";
const KEYS: &str = "SELECT id, app, org, scopes, verifier, issued, revoked FROM keys";
const PUT_ORGANIZATION: &str = "REPLACE INTO organizations (id, name) VALUES (?, ?)";
const PUT_APP: &str = "REPLACE INTO apps (id, org, name, registered) VALUES (?, ?, ?, ?)";
const PUT_KEY: &str =
    "REPLACE INTO keys (id, app, org, scopes, verifier, issued, revoked) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// All identity rows.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Identity, StoreFault> {
    let mut identity = Identity::default();
    for row in sqlx::query(ORGANIZATIONS).fetch_all(&mut *connection).await.map_err(store)? {
        let row = OrgRow { id: OrgId(id(&row, "id")?), name: text(&row, "name")? };
        identity.organizations.insert(row.id, row);
    }
    for row in sqlx::query(APPS).fetch_all(&mut *connection).await.map_err(store)? {
        let registered = Time::from_micros(row.try_get("registered").map_err(store)?);
        let (app, org) = (AppId(id(&row, "id")?), OrgId(id(&row, "org")?));
        identity.apps.insert(app, AppRow { id: app, org, name: text(&row, "name")?, registered });
    }
    for row in sqlx::query(KEYS).fetch_all(connection).await.map_err(store)? {
        let row = key(&row)?;
        identity.keys.insert(row.id, row);
    }
    Ok(identity)
}

fn key(row: &SqliteRow) -> Result<KeyRow, StoreFault> {
    let key = KeyId(id(row, "id")?);
    let verifier: &[u8] = row.try_get("verifier").map_err(store)?;
    let verifier =
        verifier.try_into().map_err(|_| corrupt(format!("the verifier of key {key} is cut off")))?;
    let scopes = serde_json::from_str(&text(row, "scopes")?);
    let revoked: Option<i64> = row.try_get("revoked").map_err(store)?;
    Ok(KeyRow {
        id: key,
        app: AppId(id(row, "app")?),
        org: OrgId(id(row, "org")?),
        scopes: scopes.map_err(|error| corrupt(format!("the scopes of key {key}: {error}")))?,
        verifier: Verifier(verifier),
        issued: Time::from_micros(row.try_get("issued").map_err(store)?),
        revoked: revoked.map(Time::from_micros),
    })
}

fn text(row: &SqliteRow, column: &str) -> Result<Box<str>, StoreFault> {
    row.try_get::<String, _>(column).map(String::into_boxed_str).map_err(store)
}

/// Writes the row that changed.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    identity: &Identity,
    changed: Changed,
) -> Result<(), sqlx::Error> {
    let query = match changed {
        Changed::Organization(id) => identity
            .organizations
            .get(&id)
            .map(|row| sqlx::query(PUT_ORGANIZATION).bind(bytes(row.id.0)).bind(row.name.as_ref())),
        Changed::App(id) => identity.apps.get(&id).map(|row| {
            let put = sqlx::query(PUT_APP).bind(bytes(row.id.0)).bind(bytes(row.org.0));
            put.bind(row.name.as_ref()).bind(row.registered.micros())
        }),
        Changed::Key(id) => identity.keys.get(&id).map(|row| {
            let scopes = serde_json::Value::from_iter(row.scopes.iter().map(|scope| scope.to_string()));
            let put =
                sqlx::query(PUT_KEY).bind(bytes(row.id.0)).bind(bytes(row.app.0)).bind(bytes(row.org.0));
            let put = put.bind(scopes.to_string()).bind(row.verifier.0.to_vec());
            put.bind(row.issued.micros()).bind(row.revoked.map(Time::micros))
        }),
    };
    match query {
        Some(query) => query.execute(connection).await.map(drop),
        None => Ok(()),
    }
}
