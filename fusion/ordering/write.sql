-- Write the plan of `ordering_decide`: entries, balances, holdings and crossed thresholds. p_order,
-- p_number: by order; p_position: by line. The caller holds the locks.
CREATE OR REPLACE FUNCTION ordering_write(
    plan ordering_plan, p_group uuid, p_order uuid[], p_number bigint[], p_position int[],
    p_actor text, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_entry (
        group_id, subscription_id, sku_id, sequence, kind, quantity, granted_after, used_after,
        order_id, order_number, order_position, actor, at)
    SELECT p_group, plan.balance_subscription[e.balance], plan.balance_sku[e.balance], e.sequence,
           CASE WHEN e.quantity > 0 THEN 'grant' ELSE 'revoke' END, abs(e.quantity), e.granted,
           plan.balance_used[e.balance], p_order[e.o], p_number[e.o], p_position[e.line],
           p_actor, p_now
    FROM unnest(plan.entry_order, plan.entry_line, plan.entry_balance, plan.entry_quantity,
                plan.entry_sequence, plan.entry_granted)
         AS e(o, line, balance, quantity, sequence, granted);

    -- Absolute values: they were computed under locks that are still held.
    INSERT INTO ledger_balance (
        subscription_id, sku_id, group_id, sku, type, metric, granted, used, sequence)
    SELECT b.subscription_id, b.sku_id, p_group, b.code, b.type, b.metric, b.granted, b.used,
           b.sequence
    FROM unnest(plan.balance_subscription, plan.balance_sku, plan.balance_code, plan.balance_type,
                plan.balance_metric, plan.balance_granted, plan.balance_used, plan.balance_first,
                plan.balance_sequence)
         AS b(subscription_id, sku_id, code, type, metric, granted, used, first, sequence)
    WHERE b.sequence <> b.first
    ON CONFLICT (group_id, subscription_id, sku_id)
    DO UPDATE SET granted = excluded.granted, sequence = excluded.sequence;

    INSERT INTO ordering_holding (group_id, subscription_id, product_id, revision, quantity)
    SELECT p_group, h.subscription_id, h.product_id, h.revision, h.quantity
    FROM unnest(plan.holding_subscription, plan.holding_product, plan.holding_revision,
                plan.holding_before, plan.holding_quantity)
         AS h(subscription_id, product_id, revision, before, quantity)
    WHERE h.quantity <> h.before
    ON CONFLICT (group_id, subscription_id, product_id, revision)
    DO UPDATE SET quantity = excluded.quantity;

    PERFORM ledger_emit_crossed(b.subscription_id, b.sku_id, p_actor, b.before, b.used)
    FROM unnest(plan.balance_subscription, plan.balance_sku, plan.balance_before,
                plan.balance_granted, plan.balance_used)
         AS b(subscription_id, sku_id, before, granted, used)
    WHERE b.used > 0 AND b.granted < b.before;
END
$$;
