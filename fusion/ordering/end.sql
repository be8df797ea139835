-- End the orders of a subscription that is being terminated: cancel all other scheduled ones;
-- p_order, of kind termination, removes all holdings, so that every balance ends at 0/0, and is
-- completed. The caller holds the subscription's lock and has released every use.
CREATE OR REPLACE FUNCTION ordering_end(p_order uuid, p_actor text, p_request text, p_verb text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    o ordering_order;
    l ordering_lines_v2;
    v_problem json;
BEGIN
    SELECT * INTO o FROM ordering_order WHERE id = p_order;
    PERFORM ordering_cancel(w.id, p_actor, p_request)
    FROM (SELECT id FROM ordering_order
          WHERE subscription_id = o.subscription_id AND state = 'scheduled' AND id <> p_order) w;

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

-- Cancel an order that is still scheduled: somebody who holds its row alone may have cancelled it
-- meanwhile. The caller holds the lock of its subscription.
CREATE OR REPLACE FUNCTION ordering_cancel(p_order uuid, p_actor text, p_request text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ordering_order SET state = 'cancelled' WHERE id = p_order AND state = 'scheduled';
    IF FOUND THEN
        PERFORM ordering_announce(p_order, p_actor, p_request, 'order.cancel');
    END IF;
END
$$;
