-- Refusals of orders: a stable code, one sentence, and the numbers read under the locks.

CREATE OR REPLACE FUNCTION ordering_refusal(
    p_code text, p_sku text, p_granted bigint, p_used bigint, p_requested bigint, p_missing bigint
) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', p_code,
        'detail', CASE p_code
            WHEN 'below-use' THEN format(
                '%s: %s granted, %s in use. To remove %s, release %s first.',
                p_sku, p_granted, p_used, p_requested, p_missing)
            ELSE format(
                '%s: %s granted. Adding %s would exceed the limit of 2000000000 by %s.',
                p_sku, p_granted, p_requested, p_missing) END,
        'sku', p_sku, 'granted', p_granted, 'used', p_used,
        'requested', p_requested, 'missing', p_missing)
$$;

-- Combine the refusals of several balances into one problem.
CREATE OR REPLACE FUNCTION ordering_problem_of(p_refusals json[]) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', p_refusals[1] ->> 'code',
        'detail', (SELECT string_agg(r ->> 'detail', ' ') FROM unnest(p_refusals) AS r),
        'refusals', array_to_json(p_refusals))
$$;

-- The order removes more than the subscription holds.
CREATE OR REPLACE FUNCTION ordering_problem_not_held(p_missing json[]) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'not-held',
        'detail', (SELECT string_agg(format(
            'The subscription holds %s of product %s, %s fewer than the %s to remove.',
            m ->> 'held', m ->> 'product_code', m ->> 'missing', m ->> 'requested'), ' ')
            FROM unnest(p_missing) AS m),
        'holdings', array_to_json(p_missing))
$$;
