-- The yardstick of `make bench`, continued: how the first release consumed units.
CREATE OR REPLACE FUNCTION bench_ledger_crossed(
    p_granted_before bigint, p_used_before bigint, p_granted bigint, p_used bigint
) RETURNS SETOF integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT threshold
    FROM unnest(ARRAY[80, 100]) AS threshold
    WHERE p_granted > 0
      AND p_used * 100 >= p_granted * threshold
      AND NOT (p_granted_before > 0 AND p_used_before * 100 >= p_granted_before * threshold)
$$;

CREATE OR REPLACE FUNCTION bench_ledger_emit_crossed(
    p_subscription uuid, p_sku uuid, p_actor text, p_granted_before bigint, p_used_before bigint
) RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit(
        'balance.threshold', s.group_id, s.path, s.id, s.id::text, p_actor,
        json_build_object(
            'subscription_id', s.id, 'sku', b.sku, 'type', b.type, 'metric', b.metric,
            'threshold', threshold, 'granted', b.granted, 'used', b.used,
            'available', b.granted - b.used))
    FROM tenancy_subscription s
    JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id,
    bench_ledger_crossed(p_granted_before, p_used_before, b.granted, b.used) AS threshold
    WHERE s.id = p_subscription AND b.sku_id = p_sku
    ORDER BY threshold
$$;

CREATE OR REPLACE FUNCTION bench_ledger_consume(
    p_group uuid, p_subscription uuid, p_sku uuid, p_holder_type text, p_holders text[], p_actor text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_balance ledger_balance;
    v_wanted bigint := cardinality(p_holders);
BEGIN
    SELECT * INTO v_balance FROM ledger_balance
    WHERE group_id = p_group AND subscription_id = p_subscription AND sku_id = p_sku
    FOR UPDATE;
    IF NOT FOUND OR v_balance.used + v_wanted > v_balance.granted THEN
        RETURN json_build_object(
            'granted', coalesce(v_balance.granted, 0), 'used', coalesce(v_balance.used, 0),
            'requested', v_wanted,
            'missing', v_wanted - (coalesce(v_balance.granted, 0) - coalesce(v_balance.used, 0)));
    END IF;
    PERFORM bench_ledger_hold(v_balance, 'consume', 1, p_holder_type, p_holders, p_actor);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION bench_ledger_hold(
    p_balance ledger_balance, p_kind text, p_step integer,
    p_holder_type text, p_holders text[], p_actor text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := clock_timestamp();
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

    PERFORM bench_ledger_emit_crossed(p_balance.subscription_id, p_balance.sku_id, p_actor,
                                p_balance.granted, p_balance.used);
END
$$;
