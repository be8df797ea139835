-- The signature that the previous release calls: without the way its metric is counted.
CREATE OR REPLACE FUNCTION ledger_used(b ledger_balance) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT ledger_used(b, (SELECT m.live FROM catalogue_metric m WHERE m.code = b.metric))
$$;
