-- Refusals of orders: a stable code, one sentence, and the numbers read under the locks.

-- The refusals, and one more if the sum of an order's changes does not fit a balance. A plain
-- expression, so that it is inlined.
CREATE OR REPLACE FUNCTION ordering_check_sum(
    p_refusals json[], p_sku text, p_granted bigint, p_used bigint, p_change bigint
) RETURNS json[]
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_change < 0 AND p_granted + p_change < p_used THEN p_refusals || ordering_refusal(
            'below-use', '%s: %s granted, %s in use. To remove %s, release %s first.',
            p_sku, p_granted, p_used, -p_change, p_used - p_granted - p_change)
        WHEN p_granted + p_change > ledger_ceiling() THEN p_refusals || ordering_refusal(
            'conflict', '%1$s: %2$s granted. Adding %4$s would exceed the limit of '
            || ledger_ceiling() || ' by %5$s.',
            p_sku, p_granted, p_used, p_change, p_granted + p_change - ledger_ceiling())
        ELSE p_refusals
    END
$$;

CREATE OR REPLACE FUNCTION ordering_refusal(
    p_code text, p_detail text, p_sku text, p_granted bigint, p_used bigint, p_requested bigint,
    p_missing bigint
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', p_code,
        'detail', format(p_detail, p_sku, p_granted, p_used, p_requested, p_missing),
        'sku', p_sku, 'granted', p_granted, 'used', p_used,
        'requested', p_requested, 'missing', p_missing)
$$;

-- A line removes more of a product than the subscription holds.
CREATE OR REPLACE FUNCTION ordering_missing(p_product uuid, p_held bigint, p_requested bigint)
RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'product_id', p.id, 'product_code', p.code, 'held', p_held, 'requested', p_requested,
        'missing', p_requested - p_held)
    FROM catalogue_product p WHERE p.id = p_product
$$;

-- Combine what is missing (see ordering_missing), or else the refusals of several balances (see
-- ordering_check_sum), into one problem.
CREATE OR REPLACE FUNCTION ordering_problem_of(p_missing json[], p_refusals json[]) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(p_missing) > 0 THEN json_build_object(
        'code', 'not-held',
        'detail', (SELECT string_agg(format(
            'The subscription holds %s of product %s, %s fewer than the %s to remove.',
            m ->> 'held', m ->> 'product_code', m ->> 'missing', m ->> 'requested'), ' ')
            FROM unnest(p_missing) AS m),
        'holdings', array_to_json(p_missing))
    ELSE json_build_object(
        'code', p_refusals[1] ->> 'code',
        'detail', (SELECT string_agg(r ->> 'detail', ' ') FROM unnest(p_refusals) AS r),
        'refusals', array_to_json(p_refusals)) END
$$;
