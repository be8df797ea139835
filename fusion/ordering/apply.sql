-- Apply the next scheduled order that is due. Returns {order_id, state}, or NULL if no due order
-- could be locked. Any number of workers call it in a loop.
--
-- A worker locks a subscription, not an order: while it holds the subscription nobody else applies
-- an order of it, so that the orders of one subscription are applied by effective time, then by
-- placement. Busy subscriptions are skipped and retried later. The state of the order decides: a
-- crash before the commit leaves it scheduled, and after the commit no worker finds it.
--
-- Orders that change the subscription's state are not applied here. With p_others they are returned
-- as {order_id, kind, group_id, subscription_id, due: true} for the caller to apply; without it,
-- subscriptions with such an order due are skipped. At the same instant a termination comes last.
CREATE OR REPLACE FUNCTION ordering_apply_next(p_actor text, p_request text, p_others boolean)
RETURNS text
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    o ordering_order;
    v_due timestamptz := kernel_now();
    v_subscription tenancy_subscription;
BEGIN
    SELECT s.* INTO v_subscription
    FROM ordering_order w JOIN tenancy_subscription s ON s.id = w.subscription_id
    WHERE w.state = 'scheduled' AND w.effective_at <= v_due
      AND (p_others OR NOT EXISTS (
          SELECT FROM ordering_order x
          WHERE x.subscription_id = w.subscription_id AND x.state = 'scheduled'
            AND x.effective_at <= v_due AND x.kind <> 'change'))
    ORDER BY w.effective_at, w.placed_at, w.id
    LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    -- A new statement: it sees what was committed before the lock was acquired.
    SELECT * INTO o FROM ordering_order w
    WHERE w.subscription_id = v_subscription.id AND w.state = 'scheduled'
      AND w.effective_at <= v_due
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

-- Apply a scheduled order whose subscription is locked, and announce what became of it; returns
-- {order_id, number, state}.
CREATE OR REPLACE FUNCTION ordering_settle(o ordering_order, p_actor text, p_request text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ordering_apply(o, p_actor);
    PERFORM ordering_announce(o.id, p_actor, p_request, 'order.apply');
    RETURN (SELECT json_build_object('order_id', w.id, 'number', w.number, 'state', w.state)
            FROM ordering_order w WHERE w.id = o.id);
END
$$;

-- Complete a scheduled order whose subscription is locked, or fail it with the refusal that a
-- caller would get now.
CREATE OR REPLACE FUNCTION ordering_apply(o ordering_order, p_actor text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_problem json;
    v_constraint text;
BEGIN
    v_problem := ordering_complete(o, ordering_lines_of(o), p_actor);
    IF v_problem IS NOT NULL THEN
        UPDATE ordering_order SET state = 'failed', failure = v_problem WHERE id = o.id;
    END IF;
EXCEPTION WHEN integrity_constraint_violation THEN
    -- A constraint is stricter than the rule: this order fails, and does not block those after it.
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    UPDATE ordering_order SET state = 'failed', failure = kernel_problem('conflict', format(
        'The order would have violated the database constraint %s.', v_constraint))
    WHERE id = o.id;
END
$$;

-- The lines of an existing order.
CREATE OR REPLACE FUNCTION ordering_lines_of(o ordering_order) RETURNS ordering_lines
LANGUAGE plpgsql AS $$
DECLARE
    l ordering_lines;
BEGIN
    SELECT array_agg(1), array_agg(w.position), array_agg(o.subscription_id), array_agg(w.action),
           array_agg(w.product_id), array_agg(w.revision), array_agg(w.quantity)
    INTO l."order", l.position, l.subscription, l.action, l.product, l.revision, l.quantity
    FROM (SELECT * FROM ordering_orderline x
          WHERE x.group_id = o.group_id AND x.order_id = o.id ORDER BY x.position) w;
    RETURN l;
END
$$;

-- Write what the lines of an existing order change, and complete it; returns the refusal if there is
-- one, and has written nothing then. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION ordering_complete(o ordering_order, l ordering_lines, p_actor text)
RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    k CONSTANT ordering_books := ordering_read_books(
        o.group_id, ARRAY[1], l, true);
    v CONSTANT ordering_verdict := ordering_decide(
        ARRAY[1], ARRAY[cardinality(l.action)], l, k, false);
    v_now CONSTANT timestamptz := kernel_now();
BEGIN
    IF v.problem[1] IS NOT NULL THEN
        RETURN v.problem[1];
    END IF;
    UPDATE ordering_orderline w SET taken = n.taken
    FROM unnest(l.position, v.taken) AS n(position, taken)
    WHERE w.group_id = o.group_id AND w.order_id = o.id AND w.position = n.position
       AND n.taken IS NOT NULL;
    PERFORM ordering_write(o.group_id, ARRAY[o.id], ARRAY[o.number], ARRAY[p_actor], ARRAY[v_now],
                           l, k, v);
    UPDATE ordering_order
    SET state = 'completed', completed_at = v_now, changes = (ordering_changes(1, l, k, v))[1]
    WHERE id = o.id;
    RETURN NULL;
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

-- Write the event, and the audit record.
CREATE OR REPLACE FUNCTION ordering_announce(
    p_order uuid, p_actor text, p_request text, p_verb text
) RETURNS void
LANGUAGE sql AS $$
    SELECT access_finish(
        o.group_id, kernel_now(), ARRAY[ordering_fact(o, s.path, d.document, p_actor)],
        ARRAY[ordering_audited(o, s.path, p_actor, p_request, p_verb)], '{}')
    FROM ordering_order o
    JOIN tenancy_subscription s ON s.id = o.subscription_id
    CROSS JOIN LATERAL (SELECT x.document FROM ordering_document x WHERE x.id = o.id OFFSET 0) d
    WHERE o.id = p_order
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
