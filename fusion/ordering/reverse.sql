-- Reversing orders: an order of kind `reversal` takes back what a completed order did.

-- The calls of ordering_place_v2 with what each reversal among them does, as `lines`: the opposite of
-- the other order's net effect, by product and revision. Units of one revision are interchangeable. Old
-- revisions and retired products are granted again.
CREATE OR REPLACE FUNCTION ordering_read_reversals(p_group uuid, p_calls jsonb) RETURNS jsonb
LANGUAGE sql STABLE
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
    SELECT jsonb_agg(
        CASE WHEN w.call ->> 'reverses' IS NULL THEN w.call ELSE w.call || jsonb_build_object(
            'lines', coalesce((
                SELECT jsonb_agg(
                    jsonb_build_object(
                        'product_id', e.product_id, 'revision', e.revision, 'quantity', abs(e.quantity),
                        'action', CASE WHEN e.quantity > 0 THEN 'remove' ELSE 'add' END)
                    ORDER BY e.position, e.revision)
                FROM ordering_effect_of(p_group, (w.call ->> 'reverses')::uuid) e), '[]')) END
        ORDER BY w.nth)
    FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS w(call, nth)
$$;

-- What a completed order changed: the net quantity by product and revision, without zeros; `position`
-- is that of the product's first line.
CREATE OR REPLACE FUNCTION ordering_effect_of(p_group uuid, p_order uuid)
RETURNS TABLE (product_id uuid, revision int, quantity bigint, "position" int)
LANGUAGE sql STABLE AS $$
    SELECT w.product_id, w.revision, sum(w.quantity)::bigint, min(w.position)::int
    FROM ordering_orderline l
    CROSS JOIN LATERAL (
        SELECT l.product_id, l.revision, l.quantity - coalesce(l.quantity_before, 0) AS quantity,
               l.position
        WHERE l.action <> 'remove' AND l.revision IS NOT NULL
        UNION ALL
        SELECT l.product_id, t.revision, -t.quantity, l.position
        FROM json_to_recordset(l.taken) AS t(revision int, quantity bigint)) w
    WHERE l.group_id = p_group AND l.order_id = p_order
    GROUP BY w.product_id, w.revision
    HAVING sum(w.quantity) <> 0
$$;

-- The reversals among the calls whose order cannot be reversed, or not again, with their refusals. The
-- caller holds the locks of their subscriptions: only one reversal of an order can be placed.
CREATE OR REPLACE FUNCTION ordering_refused_reversals(p_group uuid, p_calls jsonb)
RETURNS TABLE (nth int, answer json)
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT w.nth::int, x.answer
    FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS w(call, nth)
    JOIN ordering_order o ON o.id = (w.call ->> 'reverses')::uuid
    LEFT JOIN ordering_order by ON by.group_id = p_group AND by.reverses = o.id
                               AND by.state IN ('scheduled', 'completed')
    LEFT JOIN ordering_order ended ON ended.group_id = p_group AND ended.expires = o.id
                                  AND ended.state = 'completed'
    CROSS JOIN LATERAL (SELECT CASE
        WHEN by.id IS NOT NULL THEN json_build_object(
            'code', 'already-reversed',
            'detail', format(
                CASE by.state WHEN 'completed' THEN 'Order %s was already reversed by order %s.'
                ELSE 'Order %s will already be reversed by order %s. To reverse it at another time, '
                     'cancel that order first.' END, o.number, by.number),
            'existing', json_build_object(
                'kind', 'order', 'id', by.id, 'number', by.number, 'state', by.state))
        WHEN o.kind NOT IN ('change', 'repair') THEN kernel_problem('order-not-reversible', format(
            'Order %s is of kind %s; only orders of kind change or repair can be reversed.',
            o.number, o.kind))
        WHEN o.state <> 'completed' THEN kernel_problem('order-not-reversible', format(
            CASE o.state WHEN 'scheduled'
            THEN 'Order %s is scheduled and has changed nothing yet. Cancel it instead.'
            ELSE 'Order %s is %s and changed nothing; only a completed order can be reversed.' END,
            o.number, o.state))
        WHEN ended.id IS NOT NULL THEN kernel_problem('order-not-reversible', format(
            'Order %s has ended: order %s took back the rest.', o.number, ended.number))
        WHEN w.call -> 'lines' = '[]' THEN kernel_problem('order-not-reversible', format(
            'Order %s changed no quantity: there is nothing to reverse.', o.number))
        END AS answer) x
    WHERE x.answer IS NOT NULL
$$;
