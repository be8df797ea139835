-- Grant and revoke: write an entry for each change, the new balances, and the crossed thresholds. The
-- caller holds the locks of the subscriptions and of the balances, and has decided and summed up under
-- them; constraints refuse what does not fit. p_revoking: whether some changes are revokes, which alone
-- cross a threshold.
CREATE OR REPLACE FUNCTION ledger_write_grants(
    p_group uuid, p_changes ledger_grant_change[], p_revoking boolean
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_entry (
        group_id, subscription_id, sku_id, sequence, kind, quantity, granted_after, used_after,
        order_id, order_number, order_position, actor, at)
    SELECT p_group, c.subscription_id, c.sku_id, coalesce(b.sequence, 0) + c.nth,
           CASE WHEN c.quantity > 0 THEN 'grant' ELSE 'revoke' END, abs(c.quantity), c.granted,
           coalesce(b.used, 0), c.order_id, c.order_number, c.order_position, c.actor, c.at
    FROM unnest(p_changes) AS c
    LEFT JOIN LATERAL (
        SELECT w.sequence, w.used FROM ledger_balance w
        WHERE w.group_id = p_group AND w.subscription_id = c.subscription_id AND w.sku_id = c.sku_id
        OFFSET 0) b ON true;  -- one look-up by key for each, whatever the planner knows of the table
    INSERT INTO ledger_balance AS b (
        subscription_id, sku_id, group_id, sku, type, metric, granted, used, sequence)
    SELECT c.subscription_id, c.sku_id, p_group, k.code, k.type, k.metric, c.granted, 0, c.nth
    FROM unnest(p_changes) AS c
    CROSS JOIN LATERAL (SELECT w.code, w.type, w.metric FROM catalogue_sku w WHERE w.id = c.sku_id OFFSET 0) k
    WHERE c.is_last
    ON CONFLICT (group_id, subscription_id, sku_id)
    DO UPDATE SET granted = excluded.granted, sequence = b.sequence + excluded.sequence;

    IF p_revoking THEN
        PERFORM ledger_emit_crossed(
            b.subscription_id, b.sku_id, c.actor, (b.granted - c.total)::bigint, b.used)
        FROM (SELECT w.subscription_id, w.sku_id, sum(w.quantity) AS total, max(w.actor) AS actor
              FROM unnest(p_changes) AS w GROUP BY 1, 2 HAVING sum(w.quantity) < 0) c
        CROSS JOIN LATERAL (
            SELECT w.* FROM ledger_balance w
            WHERE w.group_id = p_group AND w.subscription_id = c.subscription_id AND w.sku_id = c.sku_id
            OFFSET 0) b
        WHERE b.used > 0;
    END IF;
END
$$;
