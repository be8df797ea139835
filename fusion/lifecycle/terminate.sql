-- End the orders of a subscription that is being terminated: scheduled ones are cancelled, and a
-- completed order of kind termination removes all that is held, so that every balance ends at 0/0.
-- The caller holds the subscription's lock and has released every use. Returns the new order's id,
-- null where nothing was held.
CREATE OR REPLACE FUNCTION lifecycle_end_orders(
    p_subscription uuid, p_order uuid, p_actor text, p_request text
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    plan ordering_plan;
    o ordering_order;
    v_now timestamptz;
    v_cancelled uuid;
    l_position int[]; l_product uuid[]; l_quantity bigint[];
BEGIN
    FOR v_cancelled IN
        UPDATE ordering_order SET state = 'cancelled'
        WHERE subscription_id = p_subscription AND state = 'scheduled'
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
        WHERE subscription_id = p_subscription AND quantity > 0
        GROUP BY product_id
    ) h;
    IF l_position IS NULL THEN
        RETURN NULL;
    END IF;

    plan := ordering_decide(
        ARRAY[1], ARRAY[cardinality(l_position)],
        array_fill(p_subscription, ARRAY[cardinality(l_position)]),
        array_fill('remove'::text, ARRAY[cardinality(l_position)]), l_product,
        array_fill(NULL::int, ARRAY[cardinality(l_position)]), l_quantity, true);
    IF plan.problem[1] IS NOT NULL THEN
        RAISE EXCEPTION 'termination left something in use: %', plan.problem[1];
    END IF;

    v_now := kernel_now();
    INSERT INTO ordering_order (id, number, kind, state, group_id, distributor_id, reseller_id,
                                tenant_id, subscription_id, placed_by, placed_at, completed_at, changes)
    SELECT p_order, ordering_next_number(s.group_id), 'termination', 'completed', s.group_id,
           s.distributor_id, s.reseller_id, s.tenant_id, s.id, p_actor, v_now, v_now, plan.changes[1]
    FROM tenancy_subscription s WHERE s.id = p_subscription
    RETURNING * INTO o;
    INSERT INTO ordering_orderline (order_id, position, action, product_id, quantity, taken)
    SELECT p_order, w.position, 'remove', w.product_id, w.quantity, w.taken
    FROM unnest(l_position, l_product, l_quantity, plan.taken) AS w(position, product_id, quantity, taken);
    PERFORM ordering_write(plan, o.group_id, ARRAY[o.id], ARRAY[o.number], l_position, p_actor, v_now);
    PERFORM ordering_announce(o.id, p_actor, p_request, 'subscription.terminate');
    RETURN o.id;
END
$$;
