SET LOCAL search_path TO credit_ledger;

-- Until when a key is accepted, in microseconds since 1970.
ALTER TABLE keys ADD COLUMN expires bigint;

-- Users, what they granted to apps, groups, members, clients, secrets, signing keys, and sessions and
-- tokens that ended early: one row a thing. `id` is made as projections/src/people/rows.rs says, so
-- that what belongs together stands together; `changed` is the position of the last event that changed
-- the row, and `data` is its JSON.
CREATE TABLE people (
    build   integer NOT NULL,
    id      bytea   NOT NULL,
    changed bigint  NOT NULL,
    data    text    NOT NULL,
    PRIMARY KEY (build, id)
);

CREATE INDEX people_changed ON people (build, changed);

GRANT SELECT, INSERT, UPDATE, DELETE ON people TO credit_ledger_app;
