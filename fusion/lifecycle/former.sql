-- The signature that the previous release calls: with the id of an order that is not written yet.
CREATE OR REPLACE FUNCTION lifecycle_end_orders(
    p_subscription uuid, p_order uuid, p_actor text, p_request text
) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ordering_place_state(
        p_order, p_subscription, 'termination', NULL, NULL, NULL, NULL, p_actor);
    PERFORM ordering_end(p_order, p_actor, p_request, 'subscription.terminate');
    RETURN p_order;
END
$$;
