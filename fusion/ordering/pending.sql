-- What scheduled orders will change, computed when it is read: they are applied in turn to what is held
-- now, as the worker would. Nothing is promised. From the first that could not be done nothing is known;
-- but an expiry that could not be done stays scheduled and holds up no other order. Of an expiry and a
-- reversal of the same order, the first that is done cancels the other one.

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
        v := ordering_decide_in_turn(p_group, l, v_orders);
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

-- Judge orders of one subscription in their sequence, without locks; l: their lines. What one of them
-- cancels is left out, as if it had no lines.
CREATE OR REPLACE FUNCTION ordering_decide_in_turn(
    p_group uuid, l ordering_lines_v3, p_orders ordering_order[]
) RETURNS ordering_decisions_v2
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_first int[] := array_fill(NULL::int, ARRAY[cardinality(p_orders)]);
    v_last int[] := v_first;
    v_rival int[] := v_first;  -- by order: the earlier one that cancels it
    v_kept int[];              -- v_first without the cancelled ones
    v_seen int[];              -- the same, as last judged
    k ordering_books;
    v ordering_decisions_v2;
BEGIN
    FOR i IN 1 .. cardinality(l."order") LOOP
        v_first[l."order"[i]] := coalesce(v_first[l."order"[i]], i);
        v_last[l."order"[i]] := i;
    END LOOP;
    FOR a IN 1 .. cardinality(p_orders) - 1 LOOP
        CONTINUE WHEN num_nonnulls(p_orders[a].expires, p_orders[a].reverses) = 0;
        FOR b IN a + 1 .. cardinality(p_orders) LOOP
            CONTINUE WHEN coalesce(p_orders[a].expires, p_orders[a].reverses)
                          IS DISTINCT FROM coalesce(p_orders[b].reverses, p_orders[b].expires);
            v_rival[b] := a;
        END LOOP;
    END LOOP;
    k := ordering_read_books(p_group, array_fill(1, ARRAY[cardinality(p_orders)]), l, false);
    LOOP
        v_kept := v_first;
        FOR b IN 1 .. cardinality(p_orders) LOOP
            -- one that cannot be done cancels nothing
            CONTINUE WHEN v_rival[b] IS NULL OR v.problem[v_rival[b]] IS NOT NULL;
            v_kept[b] := NULL;
        END LOOP;
        EXIT WHEN v_kept = v_seen;
        v := ordering_decide(l, k, v_kept, v_last, NULL, false);
        EXIT WHEN num_nonnulls(VARIADIC v_rival) = 0;
        v_seen := v_kept;
    END LOOP;
    RETURN v;
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

-- The granted quantities once an order (p_call with the lines l) and all scheduled orders of its subscription
-- have been carried out, by SKU code; {} if one of them could not be. NULL if nothing is scheduled. What the
-- order ends is ended.
CREATE OR REPLACE FUNCTION ordering_after_pending(p_group uuid, p_call jsonb, l ordering_lines_v3)
RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_subscription CONSTANT uuid := p_call ->> 'subscription_id';
    v_pending CONSTANT ordering_order[] := ordering_pending_orders(p_group, v_subscription);
    v_orders ordering_order[];
    v_end int;
    v_lines ordering_lines_v3;
    v ordering_decisions_v2;
BEGIN
    IF cardinality(v_pending) = 0 THEN
        RETURN NULL;
    END IF;
    v_orders := ordering_with_draft(v_pending, p_call);
    v_end := ordering_place_of_termination(v_orders);
    v_lines := ordering_stored_lines(v_orders);
    FOR i IN 1 .. cardinality(v_orders) LOOP
        CONTINUE WHEN v_orders[i].placed_at IS NOT NULL;
        v_lines := ordering_append_lines(v_lines, l, i, v_orders[i].kind = 'expiry');
    END LOOP;
    v := ordering_decide_in_turn(p_group, v_lines, v_orders);
    -- A termination takes all, and cancels what comes after it.
    IF EXISTS (
            SELECT FROM unnest(v.problem[1:v_end - 1]) WITH ORDINALITY AS w(problem, nth)
            WHERE w.problem IS NOT NULL AND (v_orders[w.nth]).kind <> 'expiry') THEN
        RETURN '{}';
    END IF;
    RETURN coalesce((
        SELECT json_object_agg(b.sku, CASE WHEN v_end > cardinality(v_orders) THEN b.granted ELSE 0 END)
        FROM ordering_granted_after(p_group, v_subscription, v.changes) b), '{}');
END
$$;

-- Scheduled orders in their sequence, with an order that is not placed yet and its expiry among them; these
-- have no `placed_at`. Without a date, or with one that is past, it comes first.
CREATE OR REPLACE FUNCTION ordering_with_draft(p_orders ordering_order[], p_call jsonb) RETURNS ordering_order[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_order ordering_order;
    v_expiry ordering_order;
BEGIN
    v_order.reverses := p_call ->> 'reverses';
    v_order.kind := CASE WHEN v_order.reverses IS NULL THEN 'change' ELSE 'reversal' END;
    v_order.effective_at := p_call ->> 'effective_at';
    v_order.effective_at := CASE WHEN v_order.effective_at > kernel_now() THEN v_order.effective_at END;
    v_expiry.kind := 'expiry';
    v_expiry.effective_at := p_call ->> 'ends_at';
    p_orders := p_orders || v_order;
    IF v_expiry.effective_at IS NOT NULL THEN
        p_orders := p_orders || v_expiry;
    END IF;
    RETURN ARRAY(
        SELECT o FROM unnest(p_orders) AS o
        ORDER BY o.effective_at NULLS FIRST, o.kind = 'termination', o.placed_at, o.id);
END
$$;

-- The lines of orders, followed by those of another order, which gets the number p_order; p_expire: as
-- that order's expiry takes them back.
CREATE OR REPLACE FUNCTION ordering_append_lines(
    l ordering_lines_v3, p_more ordering_lines_v3, p_order int, p_expire boolean
) RETURNS ordering_lines_v3
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_many CONSTANT int[] := ARRAY[cardinality(p_more.action)];
BEGIN
    IF p_expire THEN
        p_more.action := array_fill('expire'::text, v_many);
        p_more.expected := array_fill(NULL::bigint, v_many);
        p_more.ruled := array_fill(false, v_many);
    END IF;
    l."order" := coalesce(l."order", '{}') || array_fill(p_order, v_many);
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
