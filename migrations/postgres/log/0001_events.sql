-- The event log: one row an event, positions dense from 0 in each ledger, nothing else on the way
-- to an answer. Whoever runs this owns it all; the service's own login is a member of the role
-- `credit_ledger_app`, which reads, and appends through one function alone.
SET LOCAL search_path TO credit_ledger;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'credit_ledger_app') THEN
        CREATE ROLE credit_ledger_app NOLOGIN;
    END IF;
EXCEPTION
    -- Roles belong to the whole server: another database's migration may have been quicker.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- The ledgers of this database. Rows everywhere name one by its number.
CREATE TABLE ledgers (
    number smallint PRIMARY KEY CHECK (number > 0),
    id     uuid     NOT NULL UNIQUE
);

-- Where each ledger's next event goes. The row is locked, compared and advanced by each append.
CREATE TABLE log_heads (
    ledger       smallint PRIMARY KEY REFERENCES ledgers,
    head         bigint   NOT NULL CHECK (head >= 0),
    -- Once the head is here, the next partition is due.
    partition_at bigint   NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE events (
    position bigint   NOT NULL,
    ledger   smallint NOT NULL,
    -- As it is published, hashed and signed.
    body     bytea    NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 65535),
    PRIMARY KEY (ledger, position)
) PARTITION BY RANGE (position);

-- How many positions a partition holds. The migration takes another number from the setting
-- `credit_ledger.partition_events`, when there is one.
CREATE TABLE log_layout (
    partition_events bigint NOT NULL CHECK (partition_events > 0)
);
INSERT INTO log_layout
    VALUES (coalesce(nullif(current_setting('credit_ledger.partition_events', true), '')::bigint, 10000000));

-- History is not edited, by its owner neither: who wants to must first remove these triggers, and
-- proofs still show it.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = credit_ledger, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: history is never changed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_never_vanish BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledgers_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledgers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER heads_never_go_back BEFORE UPDATE ON log_heads
    FOR EACH ROW WHEN (NEW.head <= OLD.head OR NEW.ledger <> OLD.ledger) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER heads_never_vanish BEFORE DELETE OR TRUNCATE ON log_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER layout_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON log_layout
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Also while a session says that it only replicates.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_vanish;
ALTER TABLE ledgers ENABLE ALWAYS TRIGGER ledgers_never_change;
ALTER TABLE log_heads ENABLE ALWAYS TRIGGER heads_never_go_back;
ALTER TABLE log_heads ENABLE ALWAYS TRIGGER heads_never_vanish;
ALTER TABLE log_layout ENABLE ALWAYS TRIGGER layout_never_changes;

-- Makes the partitions for these positions and always one more, so that it is there long before its
-- first event; returns the position at which the next is due.
CREATE FUNCTION make_partitions(from_position bigint, to_position bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = credit_ledger, pg_temp AS $$
DECLARE
    size  bigint;
    ahead bigint;
    name  text;
BEGIN
    -- One at a time. Reads and other ledgers' appends go on, also while a partition is attached.
    LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT partition_events INTO STRICT size FROM log_layout;
    ahead := to_position / size + 1;
    FOR part IN from_position / size .. ahead LOOP
        name := 'events_' || part;
        CONTINUE WHEN to_regclass(format('credit_ledger.%I', name)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING CONSTRAINTS)', name);
        EXECUTE format('CREATE TRIGGER events_never_vanish BEFORE TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
            name, part * size, (part + 1) * size);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER events_never_vanish', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER events_never_change', name);
    END LOOP;
    RETURN ahead * size;
END
$$;

-- Appends the whole group at the expected head, or nothing; says which, and the head there is now.
-- The first statement waits for whoever is appending, and each one after it sees what that one did:
-- one statement for all of it would compare with what it saw before it waited.
CREATE FUNCTION append_events(to_ledger smallint, expected bigint, bodies bytea[],
                              OUT appended boolean, OUT head bigint)
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = credit_ledger, pg_temp AS $$
DECLARE
    due bigint;
BEGIN
    SELECT h.head, h.partition_at INTO head, due FROM log_heads h WHERE h.ledger = to_ledger FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no ledger %', to_ledger USING ERRCODE = 'no_data_found';
    END IF;
    appended := head = expected;
    IF NOT appended THEN
        RETURN;
    END IF;
    head := expected + cardinality(bodies);
    IF head >= due THEN
        due := make_partitions(expected, head);
    END IF;
    INSERT INTO events (position, ledger, body)
        SELECT expected + b.number - 1, to_ledger, b.body
        FROM unnest(bodies) WITH ORDINALITY AS b (body, number);
    UPDATE log_heads h SET head = append_events.head, partition_at = due WHERE h.ledger = to_ledger;
    PERFORM pg_notify('credit_ledger_' || to_ledger, head::text);
END
$$;

-- The number of this ledger, which is new or known already.
CREATE FUNCTION add_ledger(new_id uuid) RETURNS smallint
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = credit_ledger, pg_temp AS $$
DECLARE
    new_number smallint;
BEGIN
    LOCK TABLE ledgers IN SHARE ROW EXCLUSIVE MODE;
    SELECT number INTO new_number FROM ledgers WHERE id = new_id;
    IF NOT FOUND THEN
        SELECT coalesce(max(number), 0) + 1 INTO new_number FROM ledgers;
        INSERT INTO ledgers (number, id) VALUES (new_number, new_id);
        INSERT INTO log_heads (ledger, head, partition_at) VALUES (new_number, 0, make_partitions(0, 0));
    END IF;
    RETURN new_number;
END
$$;

-- Gives a database without a ledger its first one, with this id or, when it is null, a random one.
-- Of processes that start at once, the first decides.
CREATE FUNCTION add_first_ledger(wanted uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = credit_ledger, pg_temp AS $$
BEGIN
    LOCK TABLE ledgers IN SHARE ROW EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM ledgers) THEN
        PERFORM add_ledger(coalesce(wanted, gen_random_uuid()));
    END IF;
END
$$;

REVOKE ALL ON FUNCTION refuse_change(), make_partitions(bigint, bigint), add_ledger(uuid),
    add_first_ledger(uuid), append_events(smallint, bigint, bytea[]) FROM PUBLIC;
GRANT USAGE ON SCHEMA credit_ledger TO credit_ledger_app;
GRANT SELECT ON ledgers, log_heads, events, migrations TO credit_ledger_app;
GRANT EXECUTE ON FUNCTION add_ledger(uuid), add_first_ledger(uuid),
    append_events(smallint, bigint, bytea[]) TO credit_ledger_app;
