-- Consume or release one unit of a SKU for each holder, all or none. Returns NULL if done, else the
-- numbers seen under the lock: {granted, used, requested, missing}.
--
-- The caller holds the subscription's lock. The balance is locked here as well, because the
-- decision depends on it: a caller that forgets to lock the subscription still cannot oversell.
CREATE OR REPLACE FUNCTION ledger_consume(
    p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[], p_actor text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_balance ledger_balance;
    v_wanted bigint := cardinality(p_holders);
BEGIN
    SELECT * INTO v_balance FROM ledger_balance
    WHERE group_id = (SELECT s.group_id FROM tenancy_subscription s WHERE s.id = p_subscription)
      AND subscription_id = p_subscription AND sku_id = p_sku
    FOR UPDATE;
    IF NOT FOUND OR v_balance.used + v_wanted > v_balance.granted THEN
        RETURN json_build_object(
            'granted', coalesce(v_balance.granted, 0), 'used', coalesce(v_balance.used, 0),
            'requested', v_wanted,
            'missing', v_wanted - (coalesce(v_balance.granted, 0) - coalesce(v_balance.used, 0)));
    END IF;
    PERFORM ledger_write_use(v_balance, 'consume', 1, p_holder_type, p_holders, p_actor);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION ledger_release(
    p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[], p_actor text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_balance ledger_balance;
    v_wanted bigint := cardinality(p_holders);
BEGIN
    SELECT * INTO v_balance FROM ledger_balance
    WHERE group_id = (SELECT s.group_id FROM tenancy_subscription s WHERE s.id = p_subscription)
      AND subscription_id = p_subscription AND sku_id = p_sku
    FOR UPDATE;
    IF NOT FOUND OR v_balance.used < v_wanted THEN
        RETURN json_build_object(
            'granted', coalesce(v_balance.granted, 0), 'used', coalesce(v_balance.used, 0),
            'requested', v_wanted, 'missing', v_wanted - coalesce(v_balance.used, 0));
    END IF;
    PERFORM ledger_write_use(v_balance, 'release', -1, p_holder_type, p_holders, p_actor);
    RETURN NULL;
END
$$;

-- Write one entry of one unit per holder, the new balance, and the crossed thresholds. The caller
-- has locked the balance and decided.
CREATE OR REPLACE FUNCTION ledger_write_use(
    p_balance ledger_balance, p_kind text, p_step integer,
    p_holder_type text, p_holders text[], p_actor text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := kernel_now();
    v_used bigint := p_balance.used + p_step * cardinality(p_holders);
BEGIN
    INSERT INTO ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity,
                              granted_after, used_after, holder_type, holder_id, actor, at)
    SELECT p_balance.group_id, p_balance.subscription_id, p_balance.sku_id,
           p_balance.sequence + h.i, p_kind, 1, p_balance.granted, p_balance.used + p_step * h.i,
           p_holder_type, h.holder, p_actor, v_at
    FROM unnest(p_holders) WITH ORDINALITY AS h(holder, i);

    UPDATE ledger_balance
    SET used = v_used, sequence = p_balance.sequence + cardinality(p_holders)
    WHERE group_id = p_balance.group_id
      AND subscription_id = p_balance.subscription_id AND sku_id = p_balance.sku_id;

    PERFORM ledger_emit_crossed(p_balance.subscription_id, p_balance.sku_id, p_actor,
                                p_balance.granted, p_balance.used);
END
$$;
