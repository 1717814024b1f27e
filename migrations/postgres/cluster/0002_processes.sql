-- The processes that live, so that writers of several ledgers are spread over them.
SET LOCAL search_path TO credit_ledger;

-- `ledgers` are those that the process could write. A process that serves one ledger alone need not
-- be here; one that ended without a word stays until the next one starts.
CREATE TABLE processes (
    id          uuid        PRIMARY KEY,
    ledgers     uuid[]      NOT NULL,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 10);

GRANT SELECT, INSERT, UPDATE, DELETE ON processes TO credit_ledger_app;
