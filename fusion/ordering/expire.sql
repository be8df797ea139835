-- The end of orders that have one: an order of kind `expiry`, scheduled together with the order that it
-- names in `expires`, takes back what is still held of it. While that is in use it stays scheduled, is
-- tried hourly, with a reminder a day.

-- Write the expiries of those orders among the calls that were placed and have `ends_at`; returns their
-- ids, by order. Each line removes what a line of the order added; its revision is the one that goes first.
CREATE OR REPLACE FUNCTION ordering_write_expiries(
    p_group uuid, p_calls jsonb, c ordering_calls, l ordering_lines_v3, p_number bigint[], p_at timestamptz[]
) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    v_id uuid[] := array_fill(NULL::uuid, ARRAY[cardinality(c.id)]);
    v_end timestamptz;
BEGIN
    FOR o IN 1 .. cardinality(c.id) LOOP
        v_end := p_calls -> o - 1 ->> 'ends_at';
        CONTINUE WHEN p_number[o] IS NULL OR v_end IS NULL;
        v_id[o] := p_calls -> o - 1 ->> 'expiry_id';
        INSERT INTO ordering_order (
            id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id,
            subscription_id, placed_by, placed_at, effective_at, expires, warnings, connector)
        SELECT v_id[o], ordering_next_number(p_group), 'expiry', 'scheduled', s.group_id, s.distributor_id,
               s.reseller_id, s.tenant_id, s.id, c.actor[o], p_at[o], v_end, c.id[o],
               ordering_warnings(s.id, v_end, 'expiry'), p_calls -> o - 1 ->> 'connector'
        FROM tenancy_subscription s WHERE s.id = c.subscription[o];
        INSERT INTO ordering_orderline (group_id, order_id, position, action, product_id, revision, quantity)
        SELECT p_group, v_id[o], w.position, 'remove', w.product, w.revision, w.quantity
        FROM unnest(l."order", l.position, l.product, l.revision, l.quantity)
             AS w(o_, position, product, revision, quantity)
        WHERE w.o_ = o;
    END LOOP;
    RETURN v_id;
END
$$;

-- The refusals of orders whose end is not after they take effect; the caller has looked at all other dates.
CREATE OR REPLACE FUNCTION ordering_refused_ends(p_calls jsonb, p_now timestamptz[])
RETURNS TABLE (nth int, answer json)
LANGUAGE sql STABLE AS $$
    SELECT w.nth::int, json_build_object(
        'code', 'invalid-fields', 'detail', 'ends_at: ' || m.message,
        'errors', json_build_array(json_build_object('field', 'ends_at', 'message', m.message)))
    FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS w(call, nth)
    CROSS JOIN (SELECT 'must be later than the order takes effect, and in the future') AS m(message)
    WHERE (w.call ->> 'ends_at')::timestamptz
          <= greatest((w.call ->> 'effective_at')::timestamptz, p_now[w.nth])
$$;

-- Carry out an expiry that is due, whose subscription is locked, or leave it overdue while what it takes
-- is in use; returns {order_id, number, state}.
CREATE OR REPLACE FUNCTION ordering_expire(o ordering_order, p_actor text, p_request text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
    w ordering_order;
BEGIN
    PERFORM ordering_apply(ARRAY[o], p_actor, ARRAY[v_now]);
    SELECT * INTO w FROM ordering_order x WHERE x.id = o.id;
    IF w.state <> 'scheduled' THEN
        PERFORM ordering_finish(o.group_id, ARRAY[o.id], p_actor, p_request, 'order.apply', ARRAY[v_now]);
        PERFORM ordering_cancel_expiries(o.group_id, ARRAY[o.id], p_actor, p_request);
    ELSIF o.tried_at IS NULL OR o.reminded_at IS NULL OR o.reminded_at <= v_now - interval '24 hours' THEN
        UPDATE ordering_order x SET reminded_at = v_now WHERE x.id = o.id;
        PERFORM ordering_remind(o.id, 'order.overdue', p_actor);
    END IF;
    RETURN json_build_object('order_id', w.id, 'number', w.number, 'state', w.state,
                             'overdue', w.state = 'scheduled');
END
$$;

-- Write the reminders of expiries that fall due within a week, each once; returns how many. An order that ends
-- within a week of its placement needs no warning. Rows that somebody holds wait for the next time.
CREATE OR REPLACE FUNCTION ordering_remind_expiring(p_actor text, p_limit int) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
    v_orders uuid[];
BEGIN
    WITH chosen AS MATERIALIZED (
        SELECT o.id FROM ordering_order o
        WHERE o.kind = 'expiry' AND o.state = 'scheduled' AND o.reminded_at IS NULL AND o.tried_at IS NULL
          AND o.effective_at > v_now AND o.effective_at <= v_now + interval '7 days'
          AND o.placed_at < o.effective_at - interval '7 days'
        ORDER BY o.effective_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED),
    reminded AS MATERIALIZED (
        UPDATE ordering_order o SET reminded_at = v_now FROM chosen c WHERE o.id = c.id RETURNING o.id)
    SELECT array_agg(t.id) INTO v_orders FROM reminded t;
    PERFORM ordering_remind(w.id, 'order.expiring', p_actor) FROM unnest(v_orders) AS w(id);
    RETURN coalesce(cardinality(v_orders), 0);
END
$$;

-- Write an event about a scheduled order, whose state does not change.
CREATE OR REPLACE FUNCTION ordering_remind(p_order uuid, p_type text, p_actor text) RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit_all(
        o.group_id,
        ARRAY[ROW(s.path, o.subscription_id, p_type, o.id::text, p_actor, d.document)::events_fact],
        kernel_now())
    FROM ordering_order o
    JOIN tenancy_subscription s ON s.id = o.subscription_id
    CROSS JOIN LATERAL (SELECT x.document FROM ordering_document x WHERE x.id = o.id OFFSET 0) d
    WHERE o.id = p_order
$$;

-- Cancel what is pointless after several orders: the scheduled expiries of those that failed or were
-- cancelled, and of those that the completed reversals among them took back; and the scheduled reversals
-- of those that the completed expiries among them ended.
CREATE OR REPLACE FUNCTION ordering_cancel_expiries(
    p_group uuid, p_orders uuid[], p_actor text, p_request text
) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_expiries CONSTANT uuid[] := ARRAY(
        SELECT e.id FROM ordering_order o
        CROSS JOIN LATERAL (  -- by its key: see access_lock
            SELECT x.id, x.state FROM ordering_order x
            WHERE x.group_id = p_group AND x.expires = coalesce(o.reverses, o.id)
            UNION ALL
            SELECT x.id, x.state FROM ordering_order x
            WHERE x.group_id = p_group AND x.reverses = o.expires AND x.state IN ('scheduled', 'completed')
            OFFSET 0) e
        WHERE o.id = ANY (p_orders) AND e.state = 'scheduled'
          AND CASE WHEN o.kind IN ('reversal', 'expiry') THEN o.state = 'completed'
                   ELSE o.state IN ('failed', 'cancelled') END
        ORDER BY e.id);
BEGIN
    IF v_expiries <> '{}' THEN
        PERFORM ordering_cancel_all(p_group, v_expiries, p_actor, p_request, '{NULL}');
    END IF;
END
$$;
