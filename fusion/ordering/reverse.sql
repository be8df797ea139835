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

-- The answers, with the refusals of reversals whose order cannot be reversed, or not again. The caller
-- holds the locks of their subscriptions: only one reversal of an order can be placed.
CREATE OR REPLACE FUNCTION ordering_check_reversals(p_group uuid, p_calls jsonb, a ordering_answers)
RETURNS ordering_answers
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    r record;
    v_status int[] := a.status;
    v_answer text[] := a.answer;
BEGIN
    FOR r IN
        SELECT w.nth, o.number, o.kind, o.state, by.id AS by_id, by.number AS by_number,
               by.state AS by_state, w.call -> 'lines' = '[]' AS is_without_effect
        FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS w(call, nth)
        JOIN ordering_order o ON o.id = (w.call ->> 'reverses')::uuid
        LEFT JOIN ordering_order by ON by.group_id = p_group AND by.reverses = o.id
                                   AND by.state IN ('scheduled', 'completed')
    LOOP
        CONTINUE WHEN v_status[r.nth] IS NOT NULL;
        IF r.by_id IS NOT NULL THEN
            v_status[r.nth] := 409;
            v_answer[r.nth] := kernel_problem('already-reversed', format(
                CASE r.by_state WHEN 'completed' THEN 'Order %s was already reversed by order %s.'
                ELSE 'Order %s will already be reversed by order %s. To reverse it at another time, '
                     'cancel that order first.' END, r.number, r.by_number))::jsonb
                || jsonb_build_object('existing', jsonb_build_object(
                    'kind', 'order', 'id', r.by_id, 'number', r.by_number, 'state', r.by_state));
        ELSIF r.kind NOT IN ('change', 'repair') THEN
            v_status[r.nth] := 409;
            v_answer[r.nth] := kernel_problem('order-not-reversible', format(
                'Order %s is of kind %s; only orders of kind change or repair can be reversed.',
                r.number, r.kind));
        ELSIF r.state <> 'completed' THEN
            v_status[r.nth] := 409;
            v_answer[r.nth] := kernel_problem('order-not-reversible', format(
                CASE r.state WHEN 'scheduled'
                THEN 'Order %s is scheduled and has changed nothing yet. Cancel it instead.'
                ELSE 'Order %s is %s and changed nothing; only a completed order can be reversed.' END,
                r.number, r.state));
        ELSIF r.is_without_effect THEN
            v_status[r.nth] := 409;
            v_answer[r.nth] := kernel_problem('order-not-reversible', format(
                'Order %s changed no quantity: there is nothing to reverse.', r.number));
        END IF;
    END LOOP;
    RETURN ROW(v_status, a.replayed, v_answer)::ordering_answers;
END
$$;
