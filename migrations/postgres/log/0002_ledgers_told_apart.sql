-- Public ids such as `ded_1f0c33aa_42` carry the first 32 bits of their ledger's id, so no two ledgers
-- of a database may have those in common.
SET LOCAL search_path TO credit_ledger;

CREATE UNIQUE INDEX ledgers_are_told_apart ON ledgers (left(id::text, 8));
