-- The projections of one ledger. Everything here can be computed again from log.db.
--
-- One file holds one ledger. Its id stands in `checkpoints` alone and is checked when the file is
-- opened: in the key of every row it would cost 16 bytes a row and tell nothing.

-- How many events each projection has applied; written in the transaction that applies them.
CREATE TABLE checkpoints (
    ledger   BLOB    NOT NULL,
    name     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    PRIMARY KEY (ledger, name)
) STRICT, WITHOUT ROWID;

-- Small numbers for the ids of organizations and apps, which stand in millions of rows.
CREATE TABLE ids (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE
) STRICT;

-- Amounts are micro-credits; `org` is a number of `ids`, without a foreign key, which would be looked
-- up at every change of a wallet. `lots` is packed as projections/src/packed.rs says.
CREATE TABLE wallets (
    id          BLOB    PRIMARY KEY,
    org         INTEGER NOT NULL,
    balance     INTEGER NOT NULL,
    reserved    INTEGER NOT NULL,
    account_seq INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    lots        BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- The audit: one entry an event about a wallet, some hundreds to a row in order of position, written
-- once. Texts (service, reason, key) stay in the event itself. `first` is the position of the row's
-- first entry and `time` its time, in microseconds since 1970: both grow together. `data` is packed as
-- projections/src/packed_entries.rs says.
CREATE TABLE entries (
    first INTEGER PRIMARY KEY,
    time  INTEGER NOT NULL,
    data  BLOB    NOT NULL
) STRICT;

-- Where the entries of an organization's app (0: of all its apps and operators) of one kind are:
-- lists of positions in order, some hundreds to a row, written once. `kind` is EntryKind::code. Lists
-- by wallet would write a page an event: a wallet's entries are found by following `previous` through
-- the log instead.
CREATE TABLE entry_lists (
    org   INTEGER NOT NULL,
    app   INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    first INTEGER NOT NULL,
    data  BLOB    NOT NULL,
    PRIMARY KEY (org, app, kind, first)
) STRICT, WITHOUT ROWID;

-- What was given back of each deduction.
CREATE TABLE returned (
    deduction     INTEGER PRIMARY KEY,
    total         INTEGER NOT NULL,
    last_rollback INTEGER NOT NULL
) STRICT;

CREATE TABLE organizations (
    id   BLOB PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
    id         BLOB    PRIMARY KEY,
    org        BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    registered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `scopes` is a JSON array of strings.
CREATE TABLE keys (
    id       BLOB    PRIMARY KEY,
    app      BLOB    NOT NULL,
    org      BLOB    NOT NULL,
    scopes   TEXT    NOT NULL,
    verifier BLOB    NOT NULL,
    issued   INTEGER NOT NULL,
    revoked  INTEGER
) STRICT, WITHOUT ROWID;

-- The answers to commands: segments of (fingerprint, position) sorted by fingerprint, written once,
-- each cut into buckets by the fingerprint's first bits, so that a look-up reads one page of one
-- bucket. A segment exists when it has a row here; other pages and filters are left-overs.
CREATE TABLE command_segments (
    segment INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL,
    buckets INTEGER NOT NULL
) STRICT;

-- `page` is segment * 2^24 + bucket; `data` is 16 bytes an entry.
CREATE TABLE command_pages (
    page INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- `block` is segment * 2^24 + block; `data` is a binary fuse filter over the block's fingerprints.
CREATE TABLE command_filters (
    block INTEGER PRIMARY KEY,
    data  BLOB NOT NULL
) STRICT;
