-- The balances of one subscription as the API shows them, by SKU code; null when the subscription
-- does not lie under p_path. Lists every SKU that was ever granted to it.
CREATE OR REPLACE FUNCTION ledger_balances(p_subscription uuid, p_path text) RETURNS text
LANGUAGE sql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
    SELECT json_build_object('items', coalesce(
        (SELECT json_agg(json_build_object(
             'sku', b.sku, 'type', b.type, 'metric', b.metric, 'granted', b.granted,
             'used', b.used, 'available', b.granted - b.used) ORDER BY b.sku)
         FROM ledger_balance b WHERE b.subscription_id = s.id), '[]'))::text
    FROM tenancy_subscription s
    WHERE s.id = p_subscription AND starts_with(s.path, p_path)
$$;

-- The same as it stood at an instant, that instant included: the newest entry of each balance
-- until then. What SIP channels were in use in the past is not kept in the ledger: null.
CREATE OR REPLACE FUNCTION ledger_balances_at(
    p_subscription uuid, p_path text, p_at timestamptz
) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object('items', coalesce(
        (SELECT json_agg(json_build_object(
             'sku', b.sku, 'type', b.type, 'metric', b.metric, 'granted', e.granted_after,
             'used', CASE WHEN b.metric <> 'sip_channel' THEN e.used_after END,
             'available', CASE WHEN b.metric <> 'sip_channel'
                               THEN e.granted_after - e.used_after END) ORDER BY b.sku)
         FROM ledger_balance b
         CROSS JOIN LATERAL (
             SELECT l.granted_after, l.used_after FROM ledger_entry l
             WHERE l.subscription_id = b.subscription_id AND l.sku_id = b.sku_id AND l.at <= p_at
             ORDER BY l.sequence DESC LIMIT 1) e
         WHERE b.subscription_id = s.id), '[]'))::text
    FROM tenancy_subscription s
    WHERE s.id = p_subscription AND starts_with(s.path, p_path)
$$;
