-- Apply the next scheduled order that is due. Returns {order_id, state}, or NULL if no due order
-- could be locked. Any number of workers call it in a loop.
--
-- A worker locks a subscription, not an order: no other worker applies an order of that
-- subscription meanwhile, so that the orders of one subscription are applied by effective time, then by
-- placement. Busy subscriptions are skipped and retried later. The state of the order decides: a
-- crash before the commit leaves it scheduled, and after the commit no worker finds it.
--
-- Orders that change the subscription's state are not applied here. With p_others they are returned
-- as {order_id, kind, group_id, subscription_id, due: true} for the caller to apply; without it,
-- subscriptions with such an order due are skipped. Of orders for the same instant, a termination is last.
-- An overdue expiry (expire.sql) holds up no other order; it is tried again an hour later.
CREATE OR REPLACE FUNCTION ordering_apply_next(p_actor text, p_request text, p_others boolean)
RETURNS text
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    o ordering_order;
    v_due timestamptz := kernel_now();
    v_subscription tenancy_subscription;
BEGIN
    SELECT s.* INTO v_subscription
    FROM ordering_order w JOIN tenancy_subscription s ON s.id = w.subscription_id
    WHERE w.state = 'scheduled' AND w.effective_at <= v_due
      AND (w.tried_at IS NULL OR w.tried_at <= v_due - interval '1 hour')
      AND (p_others OR NOT EXISTS (
          SELECT FROM ordering_order x
          WHERE x.subscription_id = w.subscription_id AND x.state = 'scheduled'
            AND x.effective_at <= v_due AND x.kind IN ('suspension', 'resumption', 'termination')))
    ORDER BY w.effective_at, w.placed_at, w.id
    LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    -- A new statement: it sees what was committed before the lock was acquired.
    SELECT * INTO o FROM ordering_order w
    WHERE w.subscription_id = v_subscription.id AND w.state = 'scheduled'
      AND w.effective_at <= v_due
      AND (w.tried_at IS NULL OR w.tried_at <= v_due - interval '1 hour')
    ORDER BY w.effective_at, w.kind = 'termination', w.placed_at, w.id
    LIMIT 1 FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN '{}';
    END IF;
    IF o.kind IN ('suspension', 'resumption', 'termination') THEN
        RETURN CASE WHEN p_others THEN json_build_object(
            'order_id', o.id, 'kind', o.kind, 'group_id', o.group_id,
            'subscription_id', o.subscription_id, 'due', true)::text ELSE '{}' END;
    END IF;

    RETURN ordering_settle(o, p_actor, p_request);
END
$$;

-- Apply a scheduled order whose subscription is locked, emit its event and record it; returns
-- {order_id, number, state}.
CREATE OR REPLACE FUNCTION ordering_settle(o ordering_order, p_actor text, p_request text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF o.kind = 'expiry' THEN
        RETURN ordering_expire(o, p_actor, p_request);
    END IF;
    RETURN (
        SELECT json_build_object('order_id', w.id, 'number', w.number, 'state', w.state)
        FROM ordering_settle_all(o.group_id, ARRAY[o.id], p_actor, p_request, '{NULL}') AS w);
END
$$;

-- The same for several orders of a group, in their order; returns them as they are then. p_at: by
-- order, when it is applied, in generated history; NULL is now.
CREATE OR REPLACE FUNCTION ordering_settle_all(
    p_group uuid, p_orders uuid[], p_actor text, p_request text, p_at timestamptz[]
) RETURNS SETOF ordering_order
LANGUAGE plpgsql AS $$
DECLARE
    v_at CONSTANT timestamptz[] := kernel_at(p_at, kernel_now());
BEGIN
    PERFORM ordering_apply(
        ARRAY(SELECT o FROM ordering_order o WHERE o.id = ANY (p_orders)
              ORDER BY array_position(p_orders, o.id)), p_actor, v_at);
    PERFORM ordering_finish(p_group, p_orders, p_actor, p_request, 'order.apply', v_at);
    PERFORM ordering_cancel_expiries(p_group, p_orders, p_actor, p_request);
    RETURN QUERY SELECT o.* FROM ordering_order o WHERE o.id = ANY (p_orders)
                 ORDER BY array_position(p_orders, o.id);
END
$$;

-- Complete scheduled orders of a group whose subscriptions are locked, or fail each with the refusal
-- that a caller would get now.
CREATE OR REPLACE FUNCTION ordering_apply(
    p_orders ordering_order[], p_actor text, p_at timestamptz[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_constraint text;
BEGIN
    PERFORM ordering_complete(p_orders, ordering_stored_lines(p_orders), p_actor, p_at);
EXCEPTION WHEN integrity_constraint_violation THEN
    -- A constraint is stricter than the rule: one order fails, and blocks none of the others.
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    IF cardinality(p_orders) = 1 THEN
        UPDATE ordering_order SET state = 'failed', failure = kernel_problem('conflict', format(
            'The order would have violated the database constraint %s.', v_constraint))
        WHERE id = p_orders[1].id;
    ELSE
        FOR i IN 1 .. cardinality(p_orders) LOOP
            PERFORM ordering_apply(p_orders[i:i], p_actor, p_at[i:i]);
        END LOOP;
    END IF;
END
$$;

-- The lines of existing orders of a group.
CREATE OR REPLACE FUNCTION ordering_stored_lines(p_orders ordering_order[]) RETURNS ordering_lines_v3
LANGUAGE plpgsql AS $$
DECLARE
    l ordering_lines_v3;
BEGIN
    SELECT array_agg(w.nth), array_agg(w.position), array_agg(w.subscription_id),
           array_agg(w.action), array_agg(w.product_id), array_agg(w.revision), array_agg(w.quantity),
           array_agg(w.expected_quantity), array_agg(w.ruled)
    INTO l."order", l.position, l.subscription, l.action, l.product, l.revision, l.quantity, l.expected, l.ruled
    FROM (SELECT o.ordinality::int AS nth, o.subscription_id, x.position, x.product_id,
                 CASE o.kind WHEN 'expiry' THEN 'expire' ELSE x.action END AS action,
                 -- what was retired when it was ordered is granted if it is active again, and expires
                 CASE WHEN x.action <> 'remove' THEN coalesce(x.revision, p.revision)
                      WHEN x.revision IS NULL AND o.kind = 'expiry' THEN (
                          SELECT y.revision FROM ordering_orderline y WHERE y.group_id = o.group_id
                           AND y.order_id = o.expires AND y.position = x.position)
                      ELSE x.revision END AS revision,
                 x.quantity, x.expected_quantity, o.kind = 'change' AND p.ruled AS ruled
          FROM unnest(p_orders) WITH ORDINALITY AS o
          CROSS JOIN LATERAL (SELECT y.* FROM ordering_orderline y
                              WHERE y.group_id = o.group_id AND y.order_id = o.id OFFSET 0) x
          CROSS JOIN LATERAL (SELECT catalogue_has_rules(y) AS ruled,
                                     CASE y.status WHEN 'active' THEN y.revision END AS revision
                              FROM catalogue_product y
                              WHERE y.id = x.product_id OFFSET 0) p
          ORDER BY o.ordinality, x.position) w;
    RETURN l;
END
$$;

-- Write what the lines of existing orders of a group change, and complete or fail each; an expiry that is
-- refused stays scheduled, with the refusal as a warning. Returns the refusals, by order. The caller holds
-- the subscriptions' locks.
CREATE OR REPLACE FUNCTION ordering_complete(
    p_orders ordering_order[], l ordering_lines_v3, p_actor text, p_at timestamptz[]
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_group CONSTANT uuid := p_orders[1].group_id;
    v_count CONSTANT int := cardinality(p_orders);
    v_order CONSTANT int[] := l."order";
    v_first int[] := array_fill(NULL::int, ARRAY[v_count]);
    v_last int[] := v_first;
    v_id uuid[]; v_number bigint[];
    k ordering_books;
    v ordering_decisions_v2;
BEGIN
    FOR i IN 1 .. cardinality(v_order) LOOP
        v_first[v_order[i]] := coalesce(v_first[v_order[i]], i);
        v_last[v_order[i]] := i;
    END LOOP;
    k := ordering_read_books(v_group, v_first, l, true);
    v := ordering_decide(l, k, v_first, v_last, NULL, false);

    SELECT array_agg(o.id), array_agg(o.number) INTO v_id, v_number FROM unnest(p_orders) AS o;
    UPDATE ordering_orderline w
    SET taken = n.taken, quantity_before = n.held,
        revision = CASE WHEN n.held >= w.quantity THEN NULL ELSE n.revision END
    FROM unnest(v_order, l.position, v.taken, v.held, l.revision) AS n(o, position, taken, held, revision)
    WHERE w.group_id = v_group AND w.order_id = ANY (v_id)  -- no other lines, whatever the plan
      AND w.order_id = v_id[n.o] AND w.position = n.position AND v.problem[n.o] IS NULL
      AND (n.taken IS NOT NULL OR w.revision IS DISTINCT FROM n.revision);
    PERFORM ordering_write(
        v_group, v_id, v_number, array_fill(p_actor, ARRAY[v_count]), p_at, l, k, v);
    UPDATE ordering_order w
    SET state = CASE WHEN n.problem IS NULL THEN 'completed'
                     WHEN w.kind = 'expiry' THEN 'scheduled' ELSE 'failed' END,
        completed_at = CASE WHEN n.problem IS NULL THEN n.at END,
        changes = n.changes,
        failure = CASE WHEN w.kind <> 'expiry' THEN n.problem END,
        tried_at = CASE WHEN w.kind = 'expiry' THEN n.at END,
        warnings = CASE WHEN w.kind <> 'expiry' THEN w.warnings
                        WHEN n.problem IS NOT NULL THEN json_build_array(n.problem) END
    FROM unnest(v_id, v.problem, p_at, v.changes)
         AS n(id, problem, at, changes)
    WHERE w.id = ANY (v_id) AND w.id = n.id;
    RETURN v.problem;
END
$$;

-- Write the event of an order's new state.
CREATE OR REPLACE FUNCTION ordering_emit(p_order uuid, p_actor text) RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit_all(
        o.group_id, ARRAY[ordering_fact(o, s.path, d.document, p_actor)], kernel_now())
    FROM ordering_order o
    JOIN tenancy_subscription s ON s.id = o.subscription_id
    CROSS JOIN LATERAL (SELECT x.document FROM ordering_document x WHERE x.id = o.id OFFSET 0) d
    WHERE o.id = p_order
$$;

-- Write the event and the audit record of an order, or of several orders of a group. p_at: by order.
CREATE OR REPLACE FUNCTION ordering_announce(
    p_order uuid, p_actor text, p_request text, p_verb text
) RETURNS void
LANGUAGE sql AS $$
    SELECT ordering_finish(
        o.group_id, ARRAY[o.id], p_actor, p_request, p_verb, ARRAY[kernel_now()])
    FROM ordering_order o WHERE o.id = p_order
$$;

CREATE OR REPLACE FUNCTION ordering_finish(
    p_group uuid, p_orders uuid[], p_actor text, p_request text, p_verb text, p_at timestamptz[]
) RETURNS void
LANGUAGE sql AS $$
    SELECT access_finish(p_group, p_at, array_agg(x.fact), array_agg(x.record), '{}')
    FROM (
        SELECT ordering_fact(o, s.path, d.document, p_actor) AS fact,
               ordering_audited(o, s.path, p_actor, p_request, p_verb) AS record
        FROM ordering_order o
        CROSS JOIN LATERAL (SELECT x.path FROM tenancy_subscription x WHERE x.id = o.subscription_id OFFSET 0) s
        CROSS JOIN LATERAL (SELECT x.document FROM ordering_document x WHERE x.id = o.id OFFSET 0) d
        WHERE o.id = ANY (p_orders) ORDER BY array_position(p_orders, o.id)) x
$$;

-- The event of an order's state; p_path is its subscription's. Like the next function a plain
-- expression, so that it is inlined.
CREATE OR REPLACE FUNCTION ordering_fact(
    o ordering_order, p_path text, p_document json, p_actor text
) RETURNS events_fact
LANGUAGE sql STABLE AS $$
    SELECT ROW(p_path, o.subscription_id, 'order.' || o.state, o.id::text, p_actor,
               p_document)::events_fact
$$;

-- The audit record of what was done to an order.
CREATE OR REPLACE FUNCTION ordering_audited(
    o ordering_order, p_path text, p_actor text, p_request text, p_verb text
) RETURNS access_record
LANGUAGE sql STABLE AS $$
    SELECT ROW(p_path, o.subscription_id, p_actor, p_request, p_verb, 'order', o.id::text,
               json_build_object('number', o.number, 'state', o.state))::access_record
$$;
