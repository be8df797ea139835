-- What scheduled orders will change, computed when it is read. Nothing is promised. From the first that could
-- not be done nothing is known; but an expiry that could not be done stays scheduled and holds up no other
-- order. Only the next hundred orders are judged, so that a read costs no more, however many there are.

-- {changes, rest} of a subscription. `changes`: SKU code → [{order_id, number, effective_at, delta}], in the
-- sequence of the orders. `rest` is what is not judged, {orders, effective_from}; NULL if that is nothing.
CREATE OR REPLACE FUNCTION ordering_pending_changes(p_group uuid, p_subscription uuid) RETURNS json
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_most CONSTANT int := 100;
    v_next CONSTANT ordering_order[] := ordering_next_orders(p_group, p_subscription, v_most + 1);
    v_orders CONSTANT ordering_order[] := v_next[:v_most];
    g CONSTANT ordering_course := ordering_plan_course(v_orders, '{}', NULL, NULL, NULL, NULL, NULL, NULL);
    v_end CONSTANT int := coalesce(array_position(g.kind, 'termination'), cardinality(v_orders) + 1);
    v_problem json[]; v_changes json[];
    v_known int;  -- how many orders can be done
BEGIN
    SELECT array_agg(w.problem ORDER BY w.step), array_agg(w.changes ORDER BY w.step)
    INTO v_problem, v_changes FROM ordering_foresee(p_group, g) w;
    v_known := least(ordering_first_failure(g, v_problem) - 1, v_end);
    RETURN json_build_object('rest', ordering_pending_rest(v_next[v_most + 1]), 'changes', coalesce((
        SELECT json_object_agg(x.sku, x.pending) FROM (
            SELECT w.sku, json_agg(json_build_object(
                'order_id', o.id, 'number', o.number, 'effective_at', kernel_instant(o.effective_at),
                'delta', w.delta) ORDER BY o.ordinality) AS pending
            FROM unnest(v_orders) WITH ORDINALITY AS o
            CROSS JOIN LATERAL (
                SELECT d.sku, d.granted_delta AS delta
                FROM json_to_recordset(v_changes[o.ordinality]) AS d(sku text, granted_delta bigint)
                WHERE o.ordinality <= v_known AND o.ordinality <> v_end
                UNION ALL
                SELECT b.sku, CASE WHEN v_known = v_end THEN -b.granted END
                FROM ordering_granted_after(p_group, p_subscription, v_changes) b
                WHERE o.ordinality = v_end AND (b.granted > 0 OR v_known < v_end)
                UNION ALL
                SELECT s.sku, NULL FROM ordering_skus_of(p_group, p_subscription, o.id) s
                WHERE o.ordinality > v_known AND o.ordinality <> v_end
                   OR o.kind = 'expiry' AND v_problem[o.ordinality] IS NOT NULL) w
            GROUP BY w.sku) x), '{}'));
END
$$;

-- The first step of a course that could not be done, p_problem by step; beyond all steps if there is none. An
-- expiry that could not be done does not count.
CREATE OR REPLACE FUNCTION ordering_first_failure(g ordering_course, p_problem json[]) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(min(w.step), cardinality(g.kind) + 1)::int
    FROM unnest(p_problem, g.kind) WITH ORDINALITY AS w(problem, kind, step)
    WHERE w.problem IS NOT NULL AND w.kind <> 'expiry'
$$;

-- How many scheduled orders of a subscription change holdings from p_order on, at most 10,000, and since when.
CREATE OR REPLACE FUNCTION ordering_pending_rest(p_order ordering_order) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_order.id IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT json_build_object('orders', count(*), 'effective_from', kernel_instant(p_order.effective_at))
        FROM (SELECT FROM ordering_order o
              WHERE o.group_id = p_order.group_id AND o.subscription_id = p_order.subscription_id
                AND o.state = 'scheduled' AND o.kind NOT IN ('suspension', 'resumption')
                AND o.effective_at >= p_order.effective_at
                AND (o.effective_at, o.kind = 'termination', o.placed_at, o.id)
                    >= (p_order.effective_at, p_order.kind = 'termination', p_order.placed_at, p_order.id)
              LIMIT 10000) w);
END
$$;

-- The balances of a subscription once these changes of orders have been applied.
CREATE OR REPLACE FUNCTION ordering_granted_after(p_group uuid, p_subscription uuid, p_changes json[])
RETURNS TABLE (sku text, granted bigint)
LANGUAGE sql STABLE AS $$
    SELECT w.sku, sum(w.granted)::bigint
    FROM (SELECT b.sku, b.granted FROM ledger_balance b
          WHERE b.group_id = p_group AND b.subscription_id = p_subscription
          UNION ALL
          SELECT d.sku, d.granted_delta FROM unnest(p_changes) AS c(changes)
          CROSS JOIN json_to_recordset(c.changes) AS d(sku text, granted_delta bigint)) w
    GROUP BY w.sku
$$;

-- The SKUs that an order may change: those of the revisions that it names, of the present ones and of
-- those that are held.
CREATE OR REPLACE FUNCTION ordering_skus_of(p_group uuid, p_subscription uuid, p_order uuid)
RETURNS TABLE (sku text)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT s.code
    FROM ordering_orderline x
    JOIN catalogue_product p ON p.id = x.product_id
    JOIN catalogue_revisionitem i ON i.group_id = p_group AND i.product_id = x.product_id
     AND (i.revision IN (x.revision, p.revision) OR i.revision IN (
         SELECT h.revision FROM ordering_holding h
         WHERE h.group_id = p_group AND h.subscription_id = p_subscription AND h.product_id = x.product_id
           AND h.quantity > 0))
    JOIN catalogue_sku s ON s.id = i.sku_id
    WHERE x.group_id = p_group AND x.order_id = p_order
$$;
