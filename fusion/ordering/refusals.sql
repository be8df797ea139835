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

-- A line removes more of a product, or of its revision p_revision, than the subscription holds.
CREATE OR REPLACE FUNCTION ordering_missing(
    p_product uuid, p_revision int, p_held bigint, p_requested bigint
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_revision IS NULL THEN json_build_object(
        'product_id', p.id, 'product_code', p.code, 'held', p_held, 'requested', p_requested,
        'missing', p_requested - p_held)
    ELSE json_build_object(
        'product_id', p.id, 'product_code', p.code, 'revision', p_revision, 'held', p_held,
        'requested', p_requested, 'missing', p_requested - p_held) END
    FROM catalogue_product p WHERE p.id = p_product
$$;

-- The subscription does not hold the quantity that a line expects. p_revision counts only for a removal,
-- which names it; other lines count all revisions.
CREATE OR REPLACE FUNCTION ordering_changed(
    p_product uuid, p_revision int, p_action text, p_held bigint, p_expected bigint
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'product_id', p.id, 'product_code', p.code,
        'revision', CASE WHEN p_action = 'remove' THEN p_revision END,
        'held', p_held, 'expected', p_expected)
    FROM catalogue_product p WHERE p.id = p_product
$$;

CREATE OR REPLACE FUNCTION ordering_retired(p_code text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT kernel_problem('product-retired', format(
        'Product %s is retired: it can be removed but not added. Order another product, or ask '
        'the provider to reactivate this one.', p_code))
$$;

-- The same, for a product by its id.
CREATE OR REPLACE FUNCTION ordering_is_retired(p_product uuid) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT ordering_retired(p.code) FROM catalogue_product p WHERE p.id = p_product
$$;

-- Combine what has changed (see ordering_compare; elements may be NULL), or else what is missing (see
-- ordering_missing), or else the refusals of several balances (see ordering_check_sum), into one
-- problem; NULL if there is none.
CREATE OR REPLACE FUNCTION ordering_problem_of(
    p_changed json[], p_missing json[], p_refusals json[]
) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN num_nonnulls(VARIADIC p_changed) > 0 THEN coalesce(
        (SELECT json_build_object(
            'code', 'quantity-changed',
            'detail', string_agg(format(
                'The subscription holds %s of product %s%s, not the expected %s.', m ->> 'held',
                m ->> 'product_code', ', revision ' || (m ->> 'revision'), m ->> 'expected'), ' ')
                || ' Read what it holds now, then order what is still needed.',
            'held', (array_agg((m ->> 'held')::bigint))[1],
            'holdings', json_agg(m))
         FROM unnest(p_changed) AS m WHERE m ->> 'expected' IS NOT NULL HAVING count(*) > 0),
        (SELECT m FROM unnest(p_changed) AS m WHERE m IS NOT NULL LIMIT 1))
    WHEN cardinality(p_missing) > 0 THEN json_build_object(
        'code', 'not-held',
        'detail', (SELECT string_agg(format(
            'The subscription holds %s of product %s%s, %s fewer than the %s to remove.', m ->> 'held',
            m ->> 'product_code', ', revision ' || (m ->> 'revision'), m ->> 'missing',
            m ->> 'requested'), ' ')
            FROM unnest(p_missing) AS m),
        'holdings', array_to_json(p_missing))
    WHEN cardinality(p_refusals) > 0 THEN json_build_object(
        'code', p_refusals[1] ->> 'code',
        'detail', (SELECT string_agg(r ->> 'detail', ' ') FROM unnest(p_refusals) AS r),
        'refusals', array_to_json(p_refusals)) END
$$;
