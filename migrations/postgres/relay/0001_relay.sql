-- How far the relay to the broker has come.
SET LOCAL search_path TO credit_ledger;

-- `position` is the first event that is not confirmed for everybody; `prevs` has each app's last event
-- before it. Only a relay whose epoch is the row's may move it, and only forward.
CREATE TABLE relays (
    ledger   uuid   PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0),
    epoch    bigint NOT NULL CHECK (epoch >= 0),
    prevs    jsonb  NOT NULL
) WITH (fillfactor = 10);

CREATE TRIGGER relays_never_go_back BEFORE UPDATE ON relays
    FOR EACH ROW WHEN (NEW.position < OLD.position OR NEW.epoch < OLD.epoch OR NEW.ledger <> OLD.ledger)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER relays_never_vanish BEFORE DELETE OR TRUNCATE ON relays
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Events that could not become messages.
CREATE TABLE relay_quarantine (
    ledger      uuid        NOT NULL,
    position    bigint      NOT NULL,
    reason      text        NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ledger, position)
);

GRANT SELECT, INSERT, UPDATE ON relays TO credit_ledger_app;
GRANT SELECT, INSERT ON relay_quarantine TO credit_ledger_app;
