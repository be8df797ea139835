-- Restoring a terminated subscription: an order of kind reversal takes back the termination.

-- The order that terminated a subscription and was not reversed; a row of NULL if there is none. Orders
-- that came after it, until a restoration, only repeated the termination.
CREATE OR REPLACE FUNCTION ordering_termination_of(p_group uuid, p_subscription uuid)
RETURNS ordering_order
LANGUAGE sql STABLE AS $$
    SELECT t FROM ordering_order t
    WHERE t.group_id = p_group AND t.subscription_id = p_subscription
      AND t.kind = 'termination' AND t.state = 'completed'
      AND t.number > coalesce((
          SELECT max(r.number)
          FROM ordering_order r JOIN ordering_order o ON o.group_id = r.group_id AND o.id = r.reverses
          WHERE r.group_id = p_group AND r.subscription_id = p_subscription
            AND r.kind = 'reversal' AND r.state = 'completed' AND o.kind = 'termination'), 0)
    ORDER BY t.number LIMIT 1
$$;

-- Write and complete the order that reverses a termination: it grants what the termination took, by
-- revision, also old revisions and retired products. Returns the refusal, NULL if it is done. The caller
-- holds the subscription's lock.
CREATE OR REPLACE FUNCTION ordering_restore(
    p_order uuid, p_termination uuid, p_note text, p_reference text, p_actor text, p_request text,
    p_verb text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    o ordering_order;
    l ordering_lines_v3;
    v_problem json;
BEGIN
    INSERT INTO ordering_order (
        id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id, subscription_id,
        external_reference, placed_by, placed_at, note, reverses, connector)
    SELECT p_order, ordering_next_number(s.group_id), 'reversal', 'scheduled', s.group_id,
           s.distributor_id, s.reseller_id, s.tenant_id, s.id, p_reference, p_actor, kernel_now(),
           p_note, t.id, ordering_connector_of(p_actor)
    FROM ordering_order t JOIN tenancy_subscription s ON s.id = t.subscription_id
    WHERE t.id = p_termination;
    SELECT * INTO o FROM ordering_order WHERE id = p_order;
    INSERT INTO ordering_orderline (
        group_id, order_id, position, action, product_id, revision, quantity)
    SELECT o.group_id, o.id, row_number() OVER (ORDER BY e.position, e.revision), 'add', e.product_id,
           e.revision, -e.quantity
    FROM ordering_effect_of(o.group_id, p_termination) e;
    l := ordering_stored_lines(ARRAY[o]);
    IF l."order" IS NULL THEN
        PERFORM ordering_complete_state(p_order);
    ELSE
        v_problem := (ordering_complete(ARRAY[o], l, p_actor, ARRAY[kernel_now()]))[1];
    END IF;
    IF v_problem IS NULL THEN
        PERFORM ordering_announce(p_order, p_actor, p_request, p_verb);
    END IF;
    RETURN v_problem;
END
$$;
