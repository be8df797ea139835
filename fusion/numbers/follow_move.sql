-- Let numbers and port requests follow their subscriptions, whose organizations have changed. A request
-- that waits for its date, of an organization that no longer sees it, becomes the tenant's own, without
-- what the former organization wrote. Finished requests keep who made them.
CREATE OR REPLACE FUNCTION numbers_follow_move(
    p_group uuid, p_subscriptions uuid[], p_actor text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    v_port numbers_portrequest;
BEGIN
    UPDATE numbers_number n
    SET distributor_id = s.distributor_id, reseller_id = s.reseller_id, tenant_id = s.tenant_id
    FROM tenancy_subscription s
    WHERE s.group_id = p_group AND s.id = ANY (p_subscriptions)
      AND n.group_id = p_group AND n.subscription_id = s.id;

    UPDATE numbers_portrequest p
    SET distributor_id = s.distributor_id, reseller_id = s.reseller_id, tenant_id = s.tenant_id
    FROM tenancy_subscription s
    WHERE s.group_id = p_group AND s.id = ANY (p_subscriptions)
      AND p.group_id = p_group AND p.subscription_id = s.id;

    UPDATE numbers_portrequest p SET path = o.path
    FROM tenancy_organization o
    WHERE p.group_id = p_group AND p.subscription_id = ANY (p_subscriptions)
      AND p.state IN ('open', 'approved')
      AND o.group_id = p_group AND o.id = p.organization_id AND o.path <> p.path;

    FOR v_port IN
        UPDATE numbers_portrequest w
        SET organization_id = s.tenant_id, path = s.path, requested_by = p_actor, note = NULL,
            attachments = '[]', history = '[]'
        FROM tenancy_subscription s
        WHERE s.group_id = p_group AND s.id = ANY (p_subscriptions)
          AND w.group_id = p_group AND w.subscription_id = s.id AND w.state = 'approved'
          AND NOT tenancy_sees(w.organization_id, s.path)
        RETURNING w.*
    LOOP
        PERFORM numbers_emit_changed_port(v_port.path, v_port, p_actor, p_at);
    END LOOP;
END
$$;
