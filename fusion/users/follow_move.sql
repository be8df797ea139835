-- Close the links of subscriptions whose organizations have changed, and open them again, at one instant:
-- the history of links keeps who owned them then.
CREATE OR REPLACE FUNCTION users_follow_move(
    p_group uuid, p_subscriptions uuid[], p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH closed AS (
        UPDATE users_link l SET unlinked_at = greatest(p_at, l.linked_at)
        WHERE l.group_id = p_group AND l.subscription_id = ANY (p_subscriptions)
          AND l.unlinked_at IS NULL
        RETURNING l.*
    )
    INSERT INTO users_link (
        group_id, distributor_id, reseller_id, tenant_id, subscription_id, sku_id, e164, origin,
        user_id, login, display_name, kind, linked_at)
    SELECT c.group_id, s.distributor_id, s.reseller_id, s.tenant_id, c.subscription_id, c.sku_id,
           c.e164, c.origin, c.user_id, c.login, c.display_name, c.kind, c.unlinked_at
    FROM closed c JOIN tenancy_subscription s ON s.group_id = p_group AND s.id = c.subscription_id;
END
$$;
