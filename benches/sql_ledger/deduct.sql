\set wallet random(1, :wallets)
SELECT sql_ledger.deduct(:wallet, 1, gen_random_uuid());
