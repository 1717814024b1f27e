-- What identity keeps beside the log: secrets' hashes, personal data, sessions, one-time codes.

CREATE TABLE identity_rows (
    ledger  BLOB    NOT NULL,
    kind    TEXT    NOT NULL,
    -- Never a secret: a public id, or a keyed hash.
    id      TEXT    NOT NULL,
    owner   BLOB,
    -- Microseconds since 1970, from which on the row counts as absent.
    expires INTEGER,
    version INTEGER NOT NULL CHECK (version > 0),
    body    TEXT    NOT NULL,
    PRIMARY KEY (ledger, kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_rows_of_owner ON identity_rows (ledger, kind, owner, id) WHERE owner IS NOT NULL;
CREATE INDEX identity_rows_expiring ON identity_rows (ledger, expires) WHERE expires IS NOT NULL;

-- Sign-ins, failures, tokens. `number` is the order in which they were kept.
CREATE TABLE identity_activity (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    ledger  BLOB    NOT NULL,
    kind    TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    org     BLOB    NOT NULL,
    "user"  BLOB,
    app     BLOB,
    address TEXT,
    agent   TEXT,
    outcome TEXT    NOT NULL,
    detail  TEXT
) STRICT;

CREATE INDEX identity_activity_of_org ON identity_activity (ledger, org, number);
CREATE INDEX identity_activity_of_user ON identity_activity (ledger, "user", number) WHERE "user" IS NOT NULL;
CREATE INDEX identity_activity_by_time ON identity_activity (ledger, time);
