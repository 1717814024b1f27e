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

-- `org` is a number of `ids`, without a foreign key, which would be looked up at every change of a
-- wallet. `events` counts the wallet's events, checks and refusals included. `state` is packed as
-- projections/src/packed.rs says.
CREATE TABLE wallets (
    id          BLOB    PRIMARY KEY,
    org         INTEGER NOT NULL,
    account_seq INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    state       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- What a wallet was after every 64th of its events, the one at `last`: any state between two of them is
-- the earlier one and at most 64 events, which name each other.
CREATE TABLE wallet_marks (
    wallet      BLOB    NOT NULL,
    last        INTEGER NOT NULL,
    account_seq INTEGER NOT NULL,
    state       BLOB    NOT NULL,
    PRIMARY KEY (wallet, last)
) STRICT, WITHOUT ROWID;

-- When each wallet changes by itself next, in microseconds since 1970: a hold or a free lot expires. A
-- wallet that once had a timer keeps its row. Apart from the wallets, because few of their changes
-- change this.
CREATE TABLE timers (
    wallet BLOB PRIMARY KEY,
    due    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX timers_due ON timers (due, wallet) WHERE due IS NOT NULL;

-- What purchases cost whose price is known: micro-credits bought, and what was paid in millionths of
-- the currency's main unit.
CREATE TABLE bases (
    lot      INTEGER PRIMARY KEY,
    amount   INTEGER NOT NULL,
    paid     INTEGER NOT NULL,
    currency TEXT    NOT NULL
) STRICT;

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

-- What was given back of each deduction or capture, taken back of each purchase, and approved, by size,
-- of each proposal: `event` is its position, `total` micro-credits.
CREATE TABLE returned (
    event INTEGER PRIMARY KEY,
    total INTEGER NOT NULL,
    last  INTEGER NOT NULL
) STRICT;

-- What was spent on what. `day` counts from 1970-01-01 in UTC; `app` is 0 for operators. Amounts are
-- whole credits and, beside them, micro-credits: `spent * 1000000 + spent_micros`. Neither part is
-- carried over into the other, so that adding is all that ever happens to a row.
CREATE TABLE usage (
    org             INTEGER NOT NULL,
    day             INTEGER NOT NULL,
    app             INTEGER NOT NULL,
    service         TEXT    NOT NULL,
    spendings       INTEGER NOT NULL,
    spent           INTEGER NOT NULL,
    spent_micros    INTEGER NOT NULL,
    rollbacks       INTEGER NOT NULL,
    returned        INTEGER NOT NULL,
    returned_micros INTEGER NOT NULL,
    PRIMARY KEY (org, day, app, service)
) STRICT, WITHOUT ROWID;

-- All that ever flowed through an organization's wallets below `position`, which is a multiple of 4,096;
-- an organization has a row when anything happened to its wallets since the multiple before. `totals`
-- is packed as projections/src/liability/packed.rs says.
CREATE TABLE liability_marks (
    org      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    totals   BLOB    NOT NULL,
    PRIMARY KEY (org, position)
) STRICT, WITHOUT ROWID;

-- Every version of every price, by the position of the event that set it; `data` is that event's JSON.
CREATE TABLE prices (
    version INTEGER PRIMARY KEY,
    org     BLOB NOT NULL,
    data    TEXT NOT NULL
) STRICT;

CREATE INDEX prices_of ON prices (org);

-- The latest policy of each organization; `data` is the JSON of the event at `version`.
CREATE TABLE policies (
    org     BLOB    PRIMARY KEY,
    version INTEGER NOT NULL,
    data    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

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
