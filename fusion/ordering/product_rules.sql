-- Rules of products, as they are now: what a subscription may hold after an order of kind `change`. An
-- order passes if it moves no quantity further from what is allowed, and leaves no requirement unmet
-- that it could meet (docs/decisions/0053-rules-of-products.md).

-- The refusals of an order that breaks rules. p_before: by holding, the quantity before the order;
-- p_holding, p_quantity: its moves, at least one. The holdings of a subscription stand together.
CREATE OR REPLACE FUNCTION ordering_check_rules(
    k ordering_books, p_before bigint[], p_holding int[], p_quantity bigint[]
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_subscription CONSTANT uuid := k.holding_subscription[p_holding[1]];
    v_after bigint[] := p_before;
    v_first int := p_holding[1];
    v_last int := p_holding[1];
BEGIN
    FOR j IN 1 .. cardinality(p_holding) LOOP
        v_after[p_holding[j]] := v_after[p_holding[j]] + p_quantity[j];
    END LOOP;
    WHILE k.holding_subscription[v_first - 1] = v_subscription LOOP v_first := v_first - 1; END LOOP;
    WHILE k.holding_subscription[v_last + 1] = v_subscription LOOP v_last := v_last + 1; END LOOP;
    RETURN ordering_broken_rules(
        v_subscription, k.holding_product[v_first:v_last], p_before[v_first:v_last], v_after[v_first:v_last]);
END
$$;

-- The refusals of one order. By holding: its product, and the quantity before and after the order; products
-- that are not among them are held as the table says.
CREATE OR REPLACE FUNCTION ordering_broken_rules(
    p_subscription uuid, p_product uuid[], p_before bigint[], p_after bigint[]
) RETURNS json[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        WITH held AS MATERIALIZED (
            SELECT w.product, sum(w.before)::bigint AS before, sum(w.after)::bigint AS after
            FROM unnest(p_product, p_before, p_after) AS w(product, before, after)
            GROUP BY 1),
        changed AS MATERIALIZED (
            SELECT h.before, h.after, p.*
            FROM held h
            CROSS JOIN LATERAL (SELECT x.* FROM catalogue_product x WHERE x.id = h.product OFFSET 0) p
            WHERE h.after <> h.before AND catalogue_has_rules(p)),
        -- by requirement of a changed product: what is held of the other one, and whether it grows
        related AS MATERIALIZED (
            SELECT c.id, r.required_id = o.id AS requires, o.code, coalesce(h.after, ordering_held(
                       o.group_id, p_subscription, o.id)) AS held, coalesce(h.after > h.before, false) AS grows
            FROM changed c
            CROSS JOIN LATERAL (
                SELECT x.required_id AS other, x.required_id FROM catalogue_requirement x
                WHERE x.group_id = c.group_id AND x.product_id = c.id AND c.after > c.before
                UNION ALL
                SELECT x.product_id, x.required_id FROM catalogue_requirement x
                WHERE x.group_id = c.group_id AND x.required_id = c.id AND c.after = 0 OFFSET 0) r
            CROSS JOIN LATERAL (SELECT x.* FROM catalogue_product x WHERE x.id = r.other OFFSET 0) o
            LEFT JOIN held h ON h.product = r.other)
        SELECT w.refusal
        FROM (
            SELECT c.code, 1 AS nth, ordering_not_allowed(
                       c.id, c.code, c.after, c.min_quantity, c.max_quantity, c.step) AS refusal
            FROM changed c
            WHERE ordering_distance(c.after, c.min_quantity, c.max_quantity, c.step)
                > ordering_distance(c.before, c.min_quantity, c.max_quantity, c.step)
            UNION ALL
            SELECT c.code, 2, ordering_requires(c.id, c.code, c.after, array_agg(r.code ORDER BY r.code))
            FROM changed c JOIN related r ON r.id = c.id AND r.requires AND r.held = 0
            GROUP BY c.id, c.code, c.after
            UNION ALL
            SELECT c.code, 3, ordering_required_by(
                       c.id, c.code, array_agg(r.code ORDER BY r.code), array_agg(r.held ORDER BY r.code))
            FROM changed c JOIN related r ON r.id = c.id AND NOT r.requires AND r.held > 0 AND NOT r.grows
            GROUP BY c.id, c.code) w
        ORDER BY w.nth, w.code);
END
$$;

-- The quantity of a product that a subscription holds, of all revisions.
CREATE OR REPLACE FUNCTION ordering_held(p_group uuid, p_subscription uuid, p_product uuid) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(h.quantity), 0)::bigint FROM ordering_holding h
    WHERE h.group_id = p_group AND h.subscription_id = p_subscription AND h.product_id = p_product
$$;

-- The allowed quantities next to a quantity, from below and above: 0, and each multiple of p_step from
-- p_min to p_max. Both are the quantity itself if it is allowed; the upper one is NULL above the largest.
-- NULL is no limit.
CREATE OR REPLACE FUNCTION ordering_allowed(
    p_quantity bigint, p_min int, p_max int, p_step int, OUT lower bigint, OUT upper bigint
)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_step CONSTANT bigint := coalesce(p_step, 1);
    v_least CONSTANT bigint := (coalesce(p_min, 1) + v_step - 1) / v_step * v_step;
    v_most CONSTANT bigint := p_max / v_step * v_step;
BEGIN
    lower := least(p_quantity / v_step * v_step, v_most);
    lower := CASE WHEN lower < v_least THEN 0 ELSE lower END;
    upper := greatest((p_quantity + v_step - 1) / v_step * v_step, v_least);
    upper := CASE WHEN p_quantity = 0 THEN 0 WHEN upper > v_most THEN NULL ELSE upper END;
END
$$;

-- How far a quantity is from the nearest one that is allowed.
CREATE OR REPLACE FUNCTION ordering_distance(p_quantity bigint, p_min int, p_max int, p_step int)
RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT least(p_quantity - a.lower, a.upper - p_quantity)
    FROM ordering_allowed(p_quantity, p_min, p_max, p_step) a
$$;

-- The subscription would hold a quantity of a product that its limits do not allow.
CREATE OR REPLACE FUNCTION ordering_not_allowed(
    p_product uuid, p_code text, p_after bigint, p_min int, p_max int, p_step int
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'quantity-not-allowed',
        'detail', format(
            'Product %s: the subscription would hold %s. It may hold 0, or %s%s. Order so that it holds %s.',
            p_code, p_after, CASE WHEN p_step > 1 THEN format('a multiple of %s ', p_step) END,
            CASE WHEN p_max IS NULL THEN format('from %s on', coalesce(p_min, p_step))
                 ELSE format('from %s to %s', coalesce(p_min, p_step, 1), p_max) END,
            concat_ws(' or ', a.lower, a.upper)),
        'product_id', p_product, 'product_code', p_code, 'held_after', p_after,
        'min_quantity', p_min, 'max_quantity', p_max, 'step', p_step,
        'allowed', array_to_json(array_remove(ARRAY[a.lower, a.upper], NULL)))
    FROM ordering_allowed(p_after, p_min, p_max, p_step) a
$$;

-- The order adds a product without the products that it requires.
CREATE OR REPLACE FUNCTION ordering_requires(p_product uuid, p_code text, p_after bigint, p_requires text[])
RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'product-required',
        'detail', format(
            'Product %1$s requires %2$s. The subscription would hold %3$s of %1$s and none of %2$s. Add %2$s '
            'in the same order, or before it.', p_code, array_to_string(p_requires, ', '), p_after),
        'product_id', p_product, 'product_code', p_code, 'held_after', p_after,
        'requires', array_to_json(p_requires))
$$;

-- The order removes the last unit of a product that held products require. p_held: what is held of each.
CREATE OR REPLACE FUNCTION ordering_required_by(
    p_product uuid, p_code text, p_required_by text[], p_held bigint[]
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'product-required',
        'detail', format(
            'The subscription would hold none of product %1$s, which it needs for %2$s. Keep at least 1 of '
            '%1$s, or remove the others in the same order.', p_code,
            (SELECT string_agg(format('%s of %s', w.held, w.code), ', ' ORDER BY w.code)
             FROM unnest(p_held, p_required_by) AS w(held, code))),
        'product_id', p_product, 'product_code', p_code, 'held_after', 0,
        'required_by', array_to_json(p_required_by))
$$;
