-- By order: the warnings that its lines cause, NULL for none. They are the expected quantities that a
-- scheduled order does not find, and the scheduled orders that a `set` does not count. p_number: by
-- order; those without a number are left out.
CREATE OR REPLACE FUNCTION ordering_line_warnings(
    p_group uuid, c ordering_calls, l ordering_lines_v3, v ordering_decisions_v2, p_number bigint[]
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_warnings json[] := array_fill(NULL::json, ARRAY[cardinality(p_number)]);
BEGIN
    FOR o IN 1 .. cardinality(p_number) LOOP
        CONTINUE WHEN p_number[o] IS NULL;
        v_warnings[o] := (
            SELECT json_agg(w.warning)
            FROM (SELECT v.warning[o] UNION ALL SELECT ordering_pending(p_group, c, l, p_number, o)) w(warning)
            WHERE w.warning IS NOT NULL);
    END LOOP;
    RETURN v_warnings;
END
$$;

-- The warning that scheduled orders also change the products that an order sets: those in the table
-- and those of the same call, placed before it. NULL if there are none. It names twenty.
CREATE OR REPLACE FUNCTION ordering_pending(
    p_group uuid, c ordering_calls, l ordering_lines_v3, p_number bigint[], o int
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_products CONSTANT uuid[] := ARRAY(
        SELECT w.product FROM unnest(l."order", l.action, l.product) AS w(o_, action, product)
        WHERE w.o_ = o AND w.action = 'set');
BEGIN
    IF v_products = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT json_build_object(
            'code', 'pending-orders',
            'detail', format(
                'Scheduled orders that are not counted also change these products: %s.',
                string_agg(format('order %s at %s', w.number, kernel_instant(w.effective_at)), ', '
                           ORDER BY w.effective_at, w.number)),
            'orders', json_agg(json_build_object(
                'order_id', w.id, 'number', w.number,
                'effective_at', kernel_instant(w.effective_at)) ORDER BY w.effective_at, w.number))
        FROM (
            SELECT s.id, s.number, s.effective_at FROM ordering_order s
            WHERE s.subscription_id = c.subscription[o] AND s.state = 'scheduled' AND EXISTS (
                SELECT FROM ordering_orderline x
                WHERE x.group_id = p_group AND x.order_id = s.id AND x.product_id = ANY (v_products) OFFSET 0)
            UNION ALL
            SELECT s.id, s.number, s.effective_at
            FROM unnest(c.id, p_number, c.effective, c.subscription) WITH ORDINALITY
                 AS s(id, number, effective_at, subscription, nth)
            WHERE s.nth < o AND s.number IS NOT NULL AND s.effective_at IS NOT NULL
              AND s.subscription = c.subscription[o] AND EXISTS (
                SELECT FROM unnest(l."order", l.product) AS x(o_, product)
                WHERE x.o_ = s.nth AND x.product = ANY (v_products))
            ORDER BY effective_at, number LIMIT 20) w
        HAVING count(*) > 0);
END
$$;

-- Two lists of warnings as one; NULL if there are none.
CREATE OR REPLACE FUNCTION ordering_join_warnings(p_first json, p_second json) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_first IS NULL OR p_second IS NULL THEN coalesce(p_first, p_second)
                ELSE (SELECT json_agg(w.warning) FROM (
                    SELECT json_array_elements(p_first) UNION ALL SELECT json_array_elements(p_second)
                ) w(warning)) END
$$;

-- The warnings for a new scheduled order about terminations.
CREATE OR REPLACE FUNCTION ordering_warnings(
    p_subscription uuid, p_effective timestamptz, p_kind text
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT ordering_termination_warnings(p_subscription, NULL, p_effective, p_kind)
$$;

-- The warnings for a scheduled order: the scheduled termination that will cancel it and, for a
-- termination, how many orders it will cancel. NULL if there are none. p_order: the order, if it
-- exists; it does not warn of itself. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION ordering_termination_warnings(
    p_subscription uuid, p_order uuid, p_effective timestamptz, p_kind text
) RETURNS json
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT json_agg(w.warning) FROM (
        (SELECT json_build_object(
             'code', 'cancelled-by-termination',
             'detail', format(
                 'Order %s terminates the subscription at %s and will then cancel this order. To prevent '
                 'that, cancel the termination.', o.number, kernel_instant(o.effective_at)),
             'order_id', o.id, 'number', o.number,
             'effective_at', kernel_instant(o.effective_at)) AS warning
         FROM ordering_order o
         WHERE o.subscription_id = p_subscription AND o.state = 'scheduled'
           AND o.kind = 'termination' AND o.id IS DISTINCT FROM p_order
           AND (o.effective_at < p_effective
                OR p_kind = 'termination' AND o.effective_at = p_effective)
         ORDER BY o.effective_at, o.placed_at, o.id LIMIT 1)
        UNION ALL
        (SELECT json_build_object(
             'code', 'cancels-orders',
             'detail', format(
                 'This termination will cancel these later orders: %s.',
                 count(*)),
             'orders', count(*))
         FROM ordering_order o
         WHERE p_kind = 'termination' AND o.subscription_id = p_subscription
           AND o.state = 'scheduled' AND o.effective_at > p_effective
           AND o.id IS DISTINCT FROM p_order
         HAVING count(*) > 0)
    ) w
$$;
