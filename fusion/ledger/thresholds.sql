-- The limits of balances: the largest granted quantity, and the shares of it, in per cent, whose
-- upward crossing by the used quantity is an event; from the first on, a balance is nearly full.
-- kernel/quantities.py has the same numbers.
CREATE OR REPLACE FUNCTION ledger_ceiling() RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT 2000000000::bigint
$$;

CREATE OR REPLACE FUNCTION ledger_thresholds() RETURNS integer[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[80, 100]
$$;

CREATE OR REPLACE FUNCTION ledger_is_nearly_full(p_used bigint, p_granted bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_used * 100 >= p_granted * (ledger_thresholds())[1]
$$;

-- The thresholds (per cent of granted) that a change of a balance crosses upward; none if nothing
-- is granted.
CREATE OR REPLACE FUNCTION ledger_crossed(
    p_granted_before bigint, p_used_before bigint, p_granted bigint, p_used bigint
) RETURNS SETOF integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT threshold
    FROM unnest(ledger_thresholds()) AS threshold
    WHERE p_granted > 0
      AND p_used * 100 >= p_granted * threshold
      AND NOT (p_granted_before > 0 AND p_used_before * 100 >= p_granted_before * threshold)
$$;

-- Write the `balance.threshold` events of one change of one balance.
CREATE OR REPLACE FUNCTION ledger_emit_crossed(
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
    ledger_crossed(p_granted_before, p_used_before, b.granted, b.used) AS threshold
    WHERE s.id = p_subscription AND b.sku_id = p_sku
    ORDER BY threshold
$$;
