-- End the orders of a subscription that is being terminated: cancel all other scheduled ones;
-- p_order, of kind termination, removes all holdings, so that every balance ends at 0/0, and is
-- completed. The caller holds the subscription's lock and has released every use.
CREATE OR REPLACE FUNCTION ordering_end(p_order uuid, p_actor text, p_request text, p_verb text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    o ordering_order;
    l ordering_lines_v3;
    v_problem json;
BEGIN
    SELECT * INTO o FROM ordering_order WHERE id = p_order;
    PERFORM ordering_cancel_all(o.group_id, ARRAY(
        SELECT w.id FROM ordering_order w
        WHERE w.subscription_id = o.subscription_id AND w.state = 'scheduled' AND w.id <> p_order
        ORDER BY w.effective_at, w.placed_at, w.id), p_actor, p_request, '{NULL}');

    INSERT INTO ordering_orderline (group_id, order_id, position, action, product_id, quantity)
    SELECT o.group_id, p_order, row_number() OVER (ORDER BY h.product_id), 'remove', h.product_id, sum(h.quantity)
    FROM ordering_holding h
    WHERE h.group_id = o.group_id AND h.subscription_id = o.subscription_id AND h.quantity > 0
    GROUP BY h.product_id;
    l := ordering_stored_lines(ARRAY[o]);
    IF l."order" IS NULL THEN
        PERFORM ordering_complete_state(p_order);
    ELSE
        v_problem := (ordering_complete(ARRAY[o], l, p_actor, ARRAY[kernel_now()]))[1];
        IF v_problem IS NOT NULL THEN
            RAISE EXCEPTION 'termination left something in use: %', v_problem;
        END IF;
    END IF;
    PERFORM ordering_announce(p_order, p_actor, p_request, p_verb);
END
$$;

-- Cancel those of several orders of a group that are still scheduled: somebody who holds a row alone may
-- have cancelled it meanwhile. The caller holds the locks of their subscriptions. p_at: by order, when it is
-- cancelled, in generated history; NULL is now.
CREATE OR REPLACE FUNCTION ordering_cancel_all(
    p_group uuid, p_orders uuid[], p_actor text, p_request text, p_at timestamptz[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_cancelled uuid[];
    v_at timestamptz[] := kernel_at(p_at, kernel_now());
BEGIN
    WITH cancelled AS MATERIALIZED (
        UPDATE ordering_order o SET state = 'cancelled'
        WHERE o.id = ANY (p_orders) AND (o.state = 'scheduled') IS TRUE RETURNING o.id)
    SELECT array_agg(w.id ORDER BY w.nth), array_agg(coalesce(w.at, v_at[1]) ORDER BY w.nth)
    INTO v_cancelled, v_at
    FROM unnest(p_orders, v_at) WITH ORDINALITY AS w(id, at, nth)
    WHERE w.id IN (SELECT c.id FROM cancelled c);
    IF v_cancelled IS NOT NULL THEN
        PERFORM ordering_finish(p_group, v_cancelled, p_actor, p_request, 'order.cancel', v_at);
    END IF;
END
$$;
