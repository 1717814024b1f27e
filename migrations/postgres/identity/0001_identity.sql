-- What identity keeps beside the log: secrets' hashes, personal data, sessions, one-time codes. The
-- tables are those of `sqlite/identity`.
SET LOCAL search_path TO credit_ledger;

-- Sessions and refresh families are rewritten often, in their own page when it has room.
CREATE TABLE identity_rows (
    ledger  uuid   NOT NULL,
    kind    text   NOT NULL,
    id      text   COLLATE "C" NOT NULL,
    owner   uuid,
    expires bigint,
    version bigint NOT NULL CHECK (version > 0),
    body    text   NOT NULL,
    PRIMARY KEY (ledger, kind, id)
) WITH (fillfactor = 80);

CREATE INDEX identity_rows_of_owner ON identity_rows (ledger, kind, owner, id) WHERE owner IS NOT NULL;
CREATE INDEX identity_rows_expiring ON identity_rows (ledger, expires) WHERE expires IS NOT NULL;

CREATE TABLE identity_activity (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger  uuid   NOT NULL,
    kind    text   NOT NULL,
    time    bigint NOT NULL,
    org     uuid   NOT NULL,
    "user"  uuid,
    app     uuid,
    address text,
    agent   text,
    outcome text   NOT NULL,
    detail  text
);

CREATE INDEX identity_activity_of_org ON identity_activity (ledger, org, number);
CREATE INDEX identity_activity_of_user ON identity_activity (ledger, "user", number) WHERE "user" IS NOT NULL;
CREATE INDEX identity_activity_by_time ON identity_activity (ledger, time);

-- What happened is kept or forgotten, never edited.
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_rows TO credit_ledger_app;
GRANT SELECT, INSERT, DELETE ON identity_activity TO credit_ledger_app;
