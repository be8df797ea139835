-- Write an order that changes the state of a subscription. The caller, who holds the subscription's
-- lock, carries it out, or the worker does when it is due. If p_effective is past, the order gets a
-- warning with the delay. `ordering_emit` writes its event.
CREATE OR REPLACE FUNCTION ordering_place_state(
    p_order uuid, p_subscription uuid, p_kind text, p_reason text, p_note text, p_reference text,
    p_effective timestamptz, p_actor text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO ordering_order (
        id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id,
        subscription_id, external_reference, placed_by, placed_at, effective_at, reason, note,
        warnings, connector)
    SELECT p_order, ordering_next_number(s.group_id), p_kind, 'scheduled', s.group_id,
           s.distributor_id, s.reseller_id, s.tenant_id, s.id, p_reference, p_actor, n.now,
           p_effective, p_reason, p_note,
           CASE WHEN p_effective > n.now THEN ordering_warnings(s.id, p_effective, p_kind)
                ELSE ordering_late(p_effective, n.now) END,
           ordering_connector_of(p_actor)
    FROM tenancy_subscription s, (SELECT kernel_now() AS now) n
    WHERE s.id = p_subscription
$$;

-- Complete an order without lines, whose subscription is locked.
CREATE OR REPLACE FUNCTION ordering_complete_state(p_order uuid) RETURNS void
LANGUAGE sql AS $$
    UPDATE ordering_order SET state = 'completed', completed_at = kernel_now(), changes = '[]'
    WHERE id = p_order
$$;
