-- Who writes, and what the replicas of a ledger must have in common.
SET LOCAL search_path TO credit_ledger;

-- The lease on writing a ledger. `epoch` counts its holders; times are by this server's clock.
CREATE TABLE leases (
    ledger     uuid        PRIMARY KEY REFERENCES ledgers (id),
    epoch      bigint      NOT NULL CHECK (epoch > 0),
    holder     uuid        NOT NULL,
    address    text        NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 10);

-- An epoch is never given twice.
CREATE TRIGGER leases_never_go_back BEFORE UPDATE ON leases
    FOR EACH ROW WHEN (NEW.epoch < OLD.epoch OR NEW.ledger <> OLD.ledger) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER leases_never_vanish BEFORE DELETE OR TRUNCATE ON leases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A hash of the key by which API keys are recognized: a replica with another key is refused.
CREATE TABLE peppers (
    ledger      uuid  PRIMARY KEY REFERENCES ledgers (id),
    fingerprint bytea NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON leases TO credit_ledger_app;
GRANT SELECT, INSERT ON peppers TO credit_ledger_app;
