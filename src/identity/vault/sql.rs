//! The statements of both databases: their tables have the same names and columns, and both take
//! parameters as `$1`.

/// Ledger, kind, id, now.
pub(super) const GET: &str = "SELECT id, owner, expires, version, body FROM identity_rows \
     WHERE ledger = $1 AND kind = $2 AND id = $3 AND (expires IS NULL OR expires > $4)";

/// Ledger, kind, id after which, now, limit.
pub(super) const ALL: &str = "SELECT id, owner, expires, version, body FROM identity_rows \
     WHERE ledger = $1 AND kind = $2 AND id > $3 AND (expires IS NULL OR expires > $4) ORDER BY id LIMIT $5";

/// Ledger, kind, id after which, now, limit, owner.
pub(super) const OF_OWNER: &str = "SELECT id, owner, expires, version, body FROM identity_rows \
     WHERE ledger = $1 AND kind = $2 AND owner = $6 AND id > $3 AND (expires IS NULL OR expires > $4) \
     ORDER BY id LIMIT $5";

/// Ledger, kind, id, owner, end, body, now. Touches no row when a live one is there.
pub(super) const INSERT: &str = "INSERT INTO identity_rows AS r (ledger, kind, id, owner, expires, version, body) \
     VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (ledger, kind, id) DO UPDATE \
     SET owner = excluded.owner, expires = excluded.expires, version = 1, body = excluded.body \
     WHERE r.expires <= $7";

/// Ledger, kind, id, owner, end, body, now.
pub(super) const PUT: &str = "INSERT INTO identity_rows AS r (ledger, kind, id, owner, expires, version, body) \
     VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (ledger, kind, id) DO UPDATE \
     SET owner = excluded.owner, expires = excluded.expires, body = excluded.body, \
     version = CASE WHEN r.expires <= $7 THEN 1 ELSE r.version + 1 END";

/// Ledger, kind, id, owner, end, body, now, version. Touches no row when it is not there in that one.
pub(super) const REPLACE: &str = "UPDATE identity_rows \
     SET owner = $4, expires = $5, body = $6, version = version + 1 \
     WHERE ledger = $1 AND kind = $2 AND id = $3 AND version = $8 AND (expires IS NULL OR expires > $7)";

/// Ledger, kind, id.
pub(super) const DELETE: &str = "DELETE FROM identity_rows WHERE ledger = $1 AND kind = $2 AND id = $3";

/// Ledger, kind, id, now, version. Touches no row when it is not there in that one.
pub(super) const TAKE: &str = "DELETE FROM identity_rows WHERE ledger = $1 AND kind = $2 AND id = $3 \
     AND version = $5 AND (expires IS NULL OR expires > $4)";

/// Ledger, kind, owner.
pub(super) const DELETE_OF: &str = "DELETE FROM identity_rows WHERE ledger = $1 AND kind = $2 AND owner = $3";

/// Ledger, kind, time, org, user, app, address, agent, outcome, detail.
pub(super) const NOTE: &str = "INSERT INTO identity_activity \
     (ledger, kind, time, org, \"user\", app, address, agent, outcome, detail) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

macro_rules! activity {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM identity_activity WHERE ledger = $1 AND org = $2 \
             AND ($3 IS NULL OR app = $3) AND ($4 IS NULL OR kind = $4) AND ($5 IS NULL OR outcome = $5) \
             AND time >= $6 AND time < $7 AND number < $8",
            $rest
        )
    };
}

/// Ledger, org, app, kind, outcome, from, until, number before which, limit, user.
pub(super) const ACTIVITY: &str = activity!(
    "number, kind, time, org, \"user\", app, address, agent, outcome, detail",
    " AND $10 IS NULL ORDER BY number DESC LIMIT $9"
);

/// The same of one user.
pub(super) const ACTIVITY_OF_USER: &str = activity!(
    "number, kind, time, org, \"user\", app, address, agent, outcome, detail",
    " AND \"user\" = $10 ORDER BY number DESC LIMIT $9"
);

/// As [`ACTIVITY`]: the day's start, kind, outcome, how often.
pub(super) const COUNTS: &str = activity!(
    "time - time % 86400000000 AS day, kind, outcome, count(*)",
    " AND $10 IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $9"
);

/// The same of one user.
pub(super) const COUNTS_OF_USER: &str = activity!(
    "time - time % 86400000000 AS day, kind, outcome, count(*)",
    " AND \"user\" = $10 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $9"
);
