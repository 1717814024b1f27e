-- The projections, in schema `credit_ledger`. Everything here can be computed again from the log.
--
-- The tables are those of `sqlite/read`, which says what each is for; here several ledgers share them,
-- and so do a ledger's rows and those that are built anew beside them. `build` says whose a row is.

SET LOCAL search_path TO credit_ledger;

-- One computation of one ledger's projections. `versions` names the projections and their versions.
-- Readers read the current one; another is built beside it and then takes its place.
CREATE TABLE builds (
    number   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger   uuid    NOT NULL,
    versions text    NOT NULL,
    current  boolean NOT NULL
);

CREATE UNIQUE INDEX builds_current ON builds (ledger) WHERE current;

-- How many events each projection has applied; written in the transaction that applies them.
CREATE TABLE checkpoints (
    build    integer NOT NULL,
    name     text    NOT NULL,
    version  bigint  NOT NULL,
    position bigint  NOT NULL CHECK (position >= 0),
    PRIMARY KEY (build, name)
) WITH (fillfactor = 25);

CREATE TABLE ids (
    build  integer NOT NULL,
    number bigint  NOT NULL,
    id     uuid    NOT NULL,
    PRIMARY KEY (build, number),
    UNIQUE (build, id)
);

-- Rows change in place, beside the old one, when their page has room.
CREATE TABLE wallets (
    build       integer NOT NULL,
    id          uuid    NOT NULL,
    org         bigint  NOT NULL,
    account_seq bigint  NOT NULL,
    last        bigint  NOT NULL,
    events      bigint  NOT NULL,
    state       bytea   NOT NULL,
    PRIMARY KEY (build, id)
) WITH (fillfactor = 60);

CREATE TABLE wallet_marks (
    build       integer NOT NULL,
    wallet      uuid    NOT NULL,
    last        bigint  NOT NULL,
    account_seq bigint  NOT NULL,
    state       bytea   NOT NULL,
    PRIMARY KEY (build, wallet, last)
);

CREATE TABLE timers (
    build  integer NOT NULL,
    wallet uuid    NOT NULL,
    due    bigint,
    PRIMARY KEY (build, wallet)
);

CREATE INDEX timers_due ON timers (build, due, wallet) WHERE due IS NOT NULL;

CREATE TABLE bases (
    build    integer NOT NULL,
    lot      bigint  NOT NULL,
    amount   bigint  NOT NULL,
    paid     bigint  NOT NULL,
    currency text    NOT NULL,
    PRIMARY KEY (build, lot)
);

-- Packed bytes gain nothing from another compression; small ones stay in the row.
CREATE TABLE entries (
    build integer NOT NULL,
    first bigint  NOT NULL,
    time  bigint  NOT NULL,
    data  bytea   NOT NULL,
    PRIMARY KEY (build, first)
);

ALTER TABLE entries ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE entry_lists (
    build integer NOT NULL,
    org   bigint  NOT NULL,
    app   bigint  NOT NULL,
    kind  bigint  NOT NULL,
    first bigint  NOT NULL,
    data  bytea   NOT NULL,
    PRIMARY KEY (build, org, app, kind, first)
);

ALTER TABLE entry_lists ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE returned (
    build integer NOT NULL,
    event bigint  NOT NULL,
    total bigint  NOT NULL,
    last  bigint  NOT NULL,
    PRIMARY KEY (build, event)
);

CREATE TABLE usage (
    build           integer NOT NULL,
    org             bigint  NOT NULL,
    day             bigint  NOT NULL,
    app             bigint  NOT NULL,
    service         text    NOT NULL,
    spendings       bigint  NOT NULL,
    spent           bigint  NOT NULL,
    spent_micros    bigint  NOT NULL,
    rollbacks       bigint  NOT NULL,
    returned        bigint  NOT NULL,
    returned_micros bigint  NOT NULL,
    PRIMARY KEY (build, org, day, app, service)
) WITH (fillfactor = 60);

CREATE TABLE liability_marks (
    build    integer NOT NULL,
    org      bigint  NOT NULL,
    position bigint  NOT NULL,
    totals   bytea   NOT NULL,
    PRIMARY KEY (build, org, position)
);

CREATE TABLE prices (
    build   integer NOT NULL,
    version bigint  NOT NULL,
    org     uuid    NOT NULL,
    data    text    NOT NULL,
    PRIMARY KEY (build, version)
);

CREATE INDEX prices_of ON prices (build, org);

CREATE TABLE policies (
    build   integer NOT NULL,
    org     uuid    NOT NULL,
    version bigint  NOT NULL,
    data    text    NOT NULL,
    PRIMARY KEY (build, org)
);

CREATE TABLE organizations (
    build integer NOT NULL,
    id    uuid    NOT NULL,
    name  text    NOT NULL,
    PRIMARY KEY (build, id)
);

CREATE TABLE apps (
    build      integer NOT NULL,
    id         uuid    NOT NULL,
    org        uuid    NOT NULL,
    name       text    NOT NULL,
    registered bigint  NOT NULL,
    PRIMARY KEY (build, id)
);

CREATE TABLE keys (
    build    integer NOT NULL,
    id       uuid    NOT NULL,
    app      uuid    NOT NULL,
    org      uuid    NOT NULL,
    scopes   text    NOT NULL,
    verifier bytea   NOT NULL,
    issued   bigint  NOT NULL,
    revoked  bigint,
    PRIMARY KEY (build, id)
);

CREATE TABLE command_segments (
    build   integer NOT NULL,
    segment bigint  NOT NULL,
    entries bigint  NOT NULL,
    buckets bigint  NOT NULL,
    PRIMARY KEY (build, segment)
);

-- A page has some 3 KB of numbers without order: it stays in the row as it is.
CREATE TABLE command_pages (
    build integer NOT NULL,
    page  bigint  NOT NULL,
    data  bytea   NOT NULL,
    PRIMARY KEY (build, page)
) WITH (toast_tuple_target = 8160);

ALTER TABLE command_pages ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE command_filters (
    build integer NOT NULL,
    block bigint  NOT NULL,
    data  bytea   NOT NULL,
    PRIMARY KEY (build, block)
);

ALTER TABLE command_filters ALTER COLUMN data SET STORAGE EXTERNAL;

-- The servers' role: the migrator owns the tables and changes them, servers only their rows.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    builds, checkpoints, ids, wallets, wallet_marks, timers, bases, entries, entry_lists, returned, usage,
    liability_marks, prices, policies, organizations, apps, keys, command_segments, command_pages,
    command_filters
    TO credit_ledger_app;
