-- The event log: one row an event, positions dense from 0, nothing else on the way to an answer.
CREATE TABLE events (
    position INTEGER PRIMARY KEY CHECK (position >= 0),
    body     BLOB NOT NULL
) STRICT;

-- History is not edited. Whoever wants to must first remove these, and proofs still show it.
CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never updated');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;
