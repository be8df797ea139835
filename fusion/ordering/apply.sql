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
    plan ordering_plan;
    l_position int[]; l_action text[]; l_product uuid[]; l_revision int[]; l_quantity bigint[];
    v_constraint text;
BEGIN
    SELECT array_agg(l.position), array_agg(l.action), array_agg(l.product_id),
           array_agg(l.revision), array_agg(l.quantity)
    INTO l_position, l_action, l_product, l_revision, l_quantity
    FROM (SELECT * FROM ordering_orderline WHERE order_id = o.id ORDER BY position) l;
    plan := ordering_decide(
        ARRAY[1], ARRAY[cardinality(l_position)],
        array_fill(o.subscription_id, ARRAY[cardinality(l_position)]),
        l_action, l_product, l_revision, l_quantity, true);
    IF plan.problem[1] IS NULL THEN
        PERFORM ordering_complete(plan, o, l_position, p_actor, kernel_now());
    ELSE
        UPDATE ordering_order SET state = 'failed', failure = plan.problem[1] WHERE id = o.id;
    END IF;
EXCEPTION WHEN integrity_constraint_violation THEN
    -- A constraint is stricter than the rule: this order fails, and does not block those after it.
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    UPDATE ordering_order SET state = 'failed', failure = kernel_problem('conflict', format(
        'The order would have violated the database constraint %s.', v_constraint))
    WHERE id = o.id;
END
$$;

-- Write the plan of one existing order, and complete it.
CREATE OR REPLACE FUNCTION ordering_complete(
    plan ordering_plan, o ordering_order, p_position int[], p_actor text, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ordering_orderline l SET taken = w.taken
    FROM unnest(p_position, plan.taken) AS w(position, taken)
    WHERE l.order_id = o.id AND l.position = w.position AND w.taken IS NOT NULL;
    PERFORM ordering_write(plan, o.group_id, ARRAY[o.id], ARRAY[o.number], p_position, p_actor, p_now);
    UPDATE ordering_order SET state = 'completed', completed_at = p_now, changes = plan.changes[1]
    WHERE id = o.id;
END
$$;

-- Write the event of an order's new state.
CREATE OR REPLACE FUNCTION ordering_emit(p_order uuid, p_actor text) RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit_all(
        o.group_id, ARRAY[ordering_fact(o, s.path, d.document, p_actor)], kernel_now())
    FROM ordering_order o
    JOIN tenancy_subscription s ON s.id = o.subscription_id
    JOIN ordering_document d ON d.id = o.id
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
    JOIN ordering_document d ON d.id = o.id
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
