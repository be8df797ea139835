-- End the orders of a subscription that is being terminated: cancel all other scheduled ones;
-- p_order, of kind termination, removes all holdings, so that every balance ends at 0/0, and is
-- completed. The caller holds the subscription's lock and has released every use.
CREATE OR REPLACE FUNCTION lifecycle_end_orders(
    p_order uuid, p_actor text, p_request text, p_verb text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    plan ordering_plan;
    o ordering_order;
    v_cancelled uuid;
    l_position int[]; l_product uuid[]; l_quantity bigint[];
BEGIN
    SELECT * INTO o FROM ordering_order WHERE id = p_order;
    FOR v_cancelled IN
        UPDATE ordering_order SET state = 'cancelled'
        WHERE subscription_id = o.subscription_id AND state = 'scheduled' AND id <> p_order
        RETURNING id
    LOOP
        PERFORM ordering_announce(v_cancelled, p_actor, p_request, 'order.cancel');
    END LOOP;

    SELECT array_agg(h.position), array_agg(h.product_id), array_agg(h.quantity)
    INTO l_position, l_product, l_quantity
    FROM (
        SELECT (row_number() OVER (ORDER BY product_id))::int AS position, product_id,
               sum(quantity)::bigint AS quantity
        FROM ordering_holding
        WHERE group_id = o.group_id AND subscription_id = o.subscription_id AND quantity > 0
        GROUP BY product_id
    ) h;
    IF l_position IS NULL THEN
        PERFORM lifecycle_complete(p_order);
    ELSE
        plan := ordering_decide(
            ARRAY[1], ARRAY[cardinality(l_position)],
            array_fill(o.subscription_id, ARRAY[cardinality(l_position)]),
            array_fill('remove'::text, ARRAY[cardinality(l_position)]), l_product,
            array_fill(NULL::int, ARRAY[cardinality(l_position)]), l_quantity, true);
        IF plan.problem[1] IS NOT NULL THEN
            RAISE EXCEPTION 'termination left something in use: %', plan.problem[1];
        END IF;
        INSERT INTO ordering_orderline
            (group_id, order_id, position, action, product_id, quantity)
        SELECT o.group_id, p_order, w.position, 'remove', w.product_id, w.quantity
        FROM unnest(l_position, l_product, l_quantity) AS w(position, product_id, quantity);
        PERFORM ordering_complete(plan, o, l_position, p_actor, kernel_now());
    END IF;
    PERFORM ordering_announce(p_order, p_actor, p_request, p_verb);
END
$$;
