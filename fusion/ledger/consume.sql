-- Consume or release one unit of a SKU for each holder, all or none. Returns NULL if done, else the
-- numbers that prevent it: {granted, used, requested, missing}.
--
-- The caller holds the subscription's lock. Nevertheless the statement that writes the balance decides,
-- under the lock of its row: a caller that forgets to lock the subscription still cannot oversell.
-- Plain expressions, so that they are inlined.
CREATE OR REPLACE FUNCTION ledger_consume(
    p_group uuid, p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[],
    p_actor text
) RETURNS json
LANGUAGE sql AS $$
    SELECT ledger_change_use(
        p_group, p_subscription, p_sku, 'consume', 1, p_holder_type, p_holders, p_actor)
$$;

CREATE OR REPLACE FUNCTION ledger_release(
    p_group uuid, p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[],
    p_actor text
) RETURNS json
LANGUAGE sql AS $$
    SELECT ledger_change_use(
        p_group, p_subscription, p_sku, 'release', -1, p_holder_type, p_holders, p_actor)
$$;

-- Write the new balance, one entry of one unit per holder, and the crossed thresholds.
CREATE OR REPLACE FUNCTION ledger_change_use(
    p_group uuid, p_subscription uuid, p_sku uuid, p_kind text, p_step int, p_holder_type text,
    p_holders text[], p_actor text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_wanted CONSTANT bigint := cardinality(p_holders);
    v_granted bigint;
    v_used bigint;
BEGIN
    WITH balance AS (
        UPDATE ledger_balance b
        SET used = b.used + p_step * v_wanted, sequence = b.sequence + v_wanted
        WHERE b.group_id = p_group AND b.subscription_id = p_subscription AND b.sku_id = p_sku
          AND b.used + p_step * v_wanted BETWEEN 0 AND b.granted
        RETURNING b.granted, b.used, b.sequence, kernel_now() AS at  -- after the lock was acquired
    ), entry AS (
        INSERT INTO ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity,
                                  granted_after, used_after, holder_type, holder_id, actor, at)
        SELECT p_group, p_subscription, p_sku, b.sequence - v_wanted + h.i, p_kind, 1, b.granted,
               b.used - p_step * (v_wanted - h.i), p_holder_type, h.holder, p_actor, b.at
        FROM balance b, unnest(p_holders) WITH ORDINALITY AS h(holder, i)
    )
    SELECT b.granted, b.used INTO v_granted, v_used FROM balance b;
    IF NOT FOUND THEN
        RETURN ledger_missing(p_group, p_subscription, p_sku, p_step, v_wanted);
    END IF;
    IF p_step > 0 AND ledger_is_nearly_full(v_used, v_granted) THEN
        PERFORM ledger_emit_crossed(p_subscription, p_sku, p_actor, v_granted, v_used - v_wanted);
    END IF;
    RETURN NULL;
END
$$;

-- What prevents p_wanted units from being consumed, or released where p_step is -1.
CREATE OR REPLACE FUNCTION ledger_missing(
    p_group uuid, p_subscription uuid, p_sku uuid, p_step int, p_wanted bigint
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_granted bigint;
    v_used bigint;
BEGIN
    SELECT b.granted, b.used INTO v_granted, v_used FROM ledger_balance b
    WHERE b.group_id = p_group AND b.subscription_id = p_subscription AND b.sku_id = p_sku;
    v_granted := coalesce(v_granted, 0);
    v_used := coalesce(v_used, 0);
    RETURN json_build_object(
        'granted', v_granted, 'used', v_used, 'requested', p_wanted,
        'missing', p_wanted - CASE WHEN p_step > 0 THEN v_granted - v_used ELSE v_used END);
END
$$;
