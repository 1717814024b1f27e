-- What a careful developer writes by hand: a balance that is updated in place, and a row a deduction
-- with a unique key. `bench http --sql-ledger` compares the ledger with it.
DROP SCHEMA IF EXISTS sql_ledger CASCADE;
CREATE SCHEMA sql_ledger;
CREATE TABLE sql_ledger.wallets (
    id      int    PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50);
CREATE TABLE sql_ledger.deductions (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet int         NOT NULL,
    cost   bigint      NOT NULL,
    key    uuid        NOT NULL UNIQUE,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE FUNCTION sql_ledger.deduct(p_wallet int, p_cost bigint, p_key uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    left_over bigint;
BEGIN
    UPDATE sql_ledger.wallets SET balance = balance - p_cost
        WHERE id = p_wallet AND balance >= p_cost
        RETURNING balance INTO left_over;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO sql_ledger.deductions (wallet, cost, key) VALUES (p_wallet, p_cost, p_key);
    RETURN left_over;
END
$$;
INSERT INTO sql_ledger.wallets SELECT id, 1000000000000 FROM generate_series(1, :wallets) AS id;
VACUUM ANALYZE sql_ledger.wallets;
