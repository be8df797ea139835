-- What scheduled orders will change, computed when it is read: they are applied in turn to what is held
-- now, as the worker would. Nothing is promised. From the first that could not be done nothing is known;
-- but an expiry that could not be done stays scheduled and holds up no other order. Of several revisions
-- an expiry is taken to remove the newest first.

-- The scheduled orders of a subscription that change holdings, as they will be applied.
CREATE OR REPLACE FUNCTION ordering_pending_orders(p_group uuid, p_subscription uuid)
RETURNS ordering_order[]
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT ARRAY(
        SELECT o FROM ordering_order o
        WHERE o.group_id = p_group AND o.subscription_id = p_subscription AND o.state = 'scheduled'
          AND o.kind NOT IN ('suspension', 'resumption')
        ORDER BY o.effective_at, o.kind = 'termination', o.placed_at, o.id)
$$;

-- SKU code → [{order_id, number, effective_at, delta}], in the sequence of the orders.
CREATE OR REPLACE FUNCTION ordering_pending_changes(p_group uuid, p_subscription uuid) RETURNS json
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_orders CONSTANT ordering_order[] := ordering_pending_orders(p_group, p_subscription);
    v_end CONSTANT int := ordering_place_of_termination(v_orders);
    l CONSTANT ordering_lines_v3 := ordering_stored_lines(v_orders);
    v ordering_decisions_v2;
    v_known int := cardinality(v_orders);  -- how many orders can be done
BEGIN
    IF l."order" IS NOT NULL THEN
        v := ordering_decide_in_turn(p_group, l, NULL, cardinality(v_orders));
        v_known := coalesce((SELECT min(w.nth) - 1 FROM unnest(v.problem) WITH ORDINALITY AS w(problem, nth)
                             WHERE w.problem IS NOT NULL AND (v_orders[w.nth]).kind <> 'expiry'), v_known);
    END IF;
    v_known := least(v_known, v_end);
    RETURN (
        SELECT json_object_agg(x.sku, x.pending) FROM (
            SELECT w.sku, json_agg(json_build_object(
                'order_id', o.id, 'number', o.number, 'effective_at', kernel_instant(o.effective_at),
                'delta', w.delta) ORDER BY o.ordinality) AS pending
            FROM unnest(v_orders) WITH ORDINALITY AS o
            CROSS JOIN LATERAL (
                SELECT d.sku, d.granted_delta AS delta
                FROM json_to_recordset(v.changes[o.ordinality]) AS d(sku text, granted_delta bigint)
                WHERE o.ordinality <= v_known AND o.ordinality <> v_end
                UNION ALL
                SELECT b.sku, CASE WHEN v_known = v_end THEN -b.granted END
                FROM ordering_granted_after(p_group, p_subscription, v.changes[1:v_end - 1]) b
                WHERE o.ordinality = v_end AND (b.granted > 0 OR v_known < v_end)
                UNION ALL
                SELECT s.sku, NULL FROM ordering_skus_of(p_group, p_subscription, o.id) s
                WHERE o.ordinality > v_known AND o.ordinality <> v_end
                   OR o.kind = 'expiry' AND v.problem[o.ordinality] IS NOT NULL) w
            GROUP BY w.sku) x);
END
$$;

-- Which of the orders, in their sequence, terminates the subscription and cancels those after it; beyond
-- the last one if none does.
CREATE OR REPLACE FUNCTION ordering_place_of_termination(p_orders ordering_order[]) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(min(o.ordinality), cardinality(p_orders) + 1)::int
    FROM unnest(p_orders) WITH ORDINALITY AS o WHERE o.kind = 'termination'
$$;

-- Judge orders of one subscription in turn, without locks: the stored ones, numbered in l, and perhaps
-- another one after p_before of them, whose lines are the last in l and have the number p_count + 1.
CREATE OR REPLACE FUNCTION ordering_decide_in_turn(
    p_group uuid, l ordering_lines_v3, p_before int, p_count int
) RETURNS ordering_decisions_v2
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_first int[] := array_fill(NULL::int, ARRAY[p_count + (p_before IS NOT NULL)::int]);
    v_last int[] := v_first;
    o int;
BEGIN
    FOR i IN 1 .. cardinality(l."order") LOOP
        o := CASE WHEN l."order"[i] > p_count THEN p_before + 1
                  ELSE l."order"[i] + (l."order"[i] > coalesce(p_before, p_count))::int END;
        v_first[o] := coalesce(v_first[o], i);
        v_last[o] := i;
    END LOOP;
    RETURN ordering_decide(
        l, ordering_read_books(p_group, array_fill(1, ARRAY[cardinality(v_first)]), l, false),
        v_first, v_last, NULL, false);
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

-- The granted quantities once an order (the lines l, at p_effective, NULL for now) and all scheduled
-- orders of its subscription have been carried out, by SKU code; {} if one of them could not be. NULL if
-- nothing is scheduled.
CREATE OR REPLACE FUNCTION ordering_after_pending(
    p_group uuid, p_subscription uuid, l ordering_lines_v3, p_effective timestamptz
) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_orders ordering_order[] := ordering_pending_orders(p_group, p_subscription);
    v_end CONSTANT int := ordering_place_of_termination(v_orders);
    v_before int;
    v ordering_decisions_v2;
BEGIN
    IF cardinality(v_orders) = 0 THEN
        RETURN NULL;
    END IF;
    v_before := (SELECT count(*) FROM unnest(v_orders) AS o
                 WHERE o.effective_at < p_effective
                    OR o.effective_at = p_effective AND o.kind <> 'termination');
    v := ordering_decide_in_turn(
        p_group, ordering_append_lines(ordering_stored_lines(v_orders), l, cardinality(v_orders) + 1),
        v_before, cardinality(v_orders));
    -- A termination takes all, and cancels what comes after it.
    IF EXISTS (
            SELECT FROM unnest(v.problem[1:v_end - 1 + (v_before < v_end)::int]) WITH ORDINALITY AS w(problem, nth)
            WHERE w.problem IS NOT NULL AND (
                w.nth = v_before + 1
                OR (v_orders[w.nth - (w.nth > v_before)::int]).kind <> 'expiry')) THEN
        RETURN '{}';
    END IF;
    RETURN coalesce((
        SELECT json_object_agg(b.sku, CASE WHEN v_end > cardinality(v_orders) THEN b.granted ELSE 0 END)
        FROM ordering_granted_after(p_group, p_subscription, v.changes) b), '{}');
END
$$;

-- The lines of orders, followed by those of another order, which gets the number p_order.
CREATE OR REPLACE FUNCTION ordering_append_lines(
    l ordering_lines_v3, p_more ordering_lines_v3, p_order int
) RETURNS ordering_lines_v3
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    l."order" := coalesce(l."order", '{}') || array_fill(p_order, ARRAY[cardinality(p_more.action)]);
    l.subscription := coalesce(l.subscription, '{}') || p_more.subscription;
    l.action := coalesce(l.action, '{}') || p_more.action;
    l.product := coalesce(l.product, '{}') || p_more.product;
    l.revision := coalesce(l.revision, '{}') || p_more.revision;
    l.quantity := coalesce(l.quantity, '{}') || p_more.quantity;
    l.expected := coalesce(l.expected, '{}') || p_more.expected;
    l.ruled := coalesce(l.ruled, '{}') || p_more.ruled;
    RETURN l;
END
$$;

-- The balances of a preview, with what is granted once all that is scheduled has been carried out too;
-- p_pending as from ordering_after_pending.
CREATE OR REPLACE FUNCTION ordering_preview_pending(p_balances json, p_pending json) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(json_agg(json_build_object(
        'sku', w.sku, 'granted_before', w.granted_before, 'granted_after', w.granted_after,
        'granted_after_pending', p_pending -> w.sku, 'used', w.used) ORDER BY w.sku), '[]')
    FROM json_to_recordset(p_balances) AS w(
        sku text, granted_before bigint, granted_after bigint, used bigint)
$$;
