-- Until when a key is accepted, in microseconds since 1970.
ALTER TABLE keys ADD COLUMN expires INTEGER;

-- Users, what they granted to apps, groups, members, clients, secrets, signing keys, and sessions and
-- tokens that ended early: one row a thing. `id` is made as projections/src/people/rows.rs says, so
-- that what belongs together stands together; `changed` is the position of the last event that changed
-- the row, and `data` is its JSON.
CREATE TABLE people (
    id      BLOB    PRIMARY KEY,
    changed INTEGER NOT NULL,
    data    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX people_changed ON people (changed);
