-- Let orders and order requests follow their subscriptions, whose organizations have changed. Finished
-- rows too, which only the owner of the table may change, and only so. Requests of organizations that
-- moved themselves get their path.
CREATE OR REPLACE FUNCTION ordering_follow_move(p_group uuid, p_subscriptions uuid[]) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE ordering_order o
    SET distributor_id = s.distributor_id, reseller_id = s.reseller_id, tenant_id = s.tenant_id
    FROM tenancy_subscription s
    WHERE s.group_id = p_group AND s.id = ANY (p_subscriptions)
      AND o.group_id = p_group AND o.subscription_id = s.id;

    UPDATE ordering_orderrequest r
    SET distributor_id = s.distributor_id, reseller_id = s.reseller_id, tenant_id = s.tenant_id
    FROM tenancy_subscription s
    WHERE s.group_id = p_group AND s.id = ANY (p_subscriptions)
      AND r.group_id = p_group AND r.subscription_id = s.id;

    UPDATE ordering_orderrequest r SET path = o.path
    FROM tenancy_organization o
    WHERE r.group_id = p_group AND r.subscription_id = ANY (p_subscriptions) AND r.state = 'open'
      AND o.group_id = p_group AND o.id = r.organization_id AND o.path <> r.path;
END
$$;
