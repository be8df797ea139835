-- Grant and revoke: write an entry for each change, in their order, the new balances, and the
-- crossed thresholds. The caller holds the locks of the subscriptions and of the balances, and has
-- decided; constraints refuse what does not fit. p_revoking: whether some of them are revokes, which
-- alone cross a threshold.
CREATE OR REPLACE FUNCTION ledger_change_grants(
    p_group uuid, p_changes ledger_change[], p_revoking boolean
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH change AS (
        SELECT c.*, coalesce(b.used, 0) AS used,
               coalesce(b.granted, 0) + sum(c.quantity) OVER earlier AS granted,
               coalesce(b.sequence, 0) + row_number() OVER earlier AS sequence,
               lead(c.sku_id) OVER earlier IS NULL AS is_last
        FROM unnest(p_changes) WITH ORDINALITY AS c
        LEFT JOIN ledger_balance b ON b.group_id = p_group AND b.subscription_id = c.subscription_id
                                  AND b.sku_id = c.sku_id
        WINDOW earlier AS (PARTITION BY c.subscription_id, c.sku_id ORDER BY c.ordinality)
    ), entry AS (
        INSERT INTO ledger_entry (
            group_id, subscription_id, sku_id, sequence, kind, quantity, granted_after, used_after,
            order_id, order_number, order_position, actor, at)
        SELECT p_group, c.subscription_id, c.sku_id, c.sequence,
               CASE WHEN c.quantity > 0 THEN 'grant' ELSE 'revoke' END, abs(c.quantity), c.granted,
               c.used, c.order_id, c.order_number, c.order_position, c.actor, c.at
        FROM change c
    )
    -- Absolute values: they were computed under locks that are still held.
    INSERT INTO ledger_balance (
        subscription_id, sku_id, group_id, sku, type, metric, granted, used, sequence)
    SELECT c.subscription_id, c.sku_id, p_group, k.code, k.type, k.metric, c.granted, c.used,
           c.sequence
    FROM change c JOIN catalogue_sku k ON k.id = c.sku_id
    WHERE c.is_last
    ON CONFLICT (group_id, subscription_id, sku_id)
    DO UPDATE SET granted = excluded.granted, sequence = excluded.sequence;

    IF p_revoking THEN
        PERFORM ledger_emit_crossed(
            b.subscription_id, b.sku_id, c.actor, (b.granted - c.total)::bigint, b.used)
        FROM (SELECT w.subscription_id, w.sku_id, sum(w.quantity) AS total, max(w.actor) AS actor
              FROM unnest(p_changes) AS w GROUP BY 1, 2 HAVING sum(w.quantity) < 0) c
        JOIN ledger_balance b ON b.group_id = p_group AND b.subscription_id = c.subscription_id
                             AND b.sku_id = c.sku_id
        WHERE b.used > 0;
    END IF;
END
$$;
