-- The signature that the previous release calls: without the way its metric is counted.
CREATE OR REPLACE FUNCTION ledger_used(b ledger_balance) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT ledger_used(b, (SELECT m.live FROM catalogue_metric m WHERE m.code = b.metric))
$$;

-- The signatures that the previous release calls: without the group.
CREATE OR REPLACE FUNCTION ledger_consume(
    p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[], p_actor text
) RETURNS json
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT ledger_consume(s.group_id, s.id, p_sku, p_holder_type, p_holders, p_actor)
            FROM tenancy_subscription s WHERE s.id = p_subscription);
END
$$;

CREATE OR REPLACE FUNCTION ledger_release(
    p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[], p_actor text
) RETURNS json
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT ledger_release(s.group_id, s.id, p_sku, p_holder_type, p_holders, p_actor)
            FROM tenancy_subscription s WHERE s.id = p_subscription);
END
$$;

-- The balances of one subscription; NULL if it is not under p_path.
CREATE OR REPLACE FUNCTION ledger_balances(p_subscription uuid, p_path text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE w.status WHEN 200 THEN w.answer END
    FROM tenancy_subscription s, ledger_balances_v2(s.group_id, jsonb_build_array(
        jsonb_build_object('path', p_path, 'subscription_id', s.id))) w
    WHERE s.id = p_subscription
$$;
