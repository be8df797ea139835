"""Consistency checks of suspensions and terminations, for `fusion verify`."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "terminated subscription with balances, products or scheduled orders": """
        SELECT format('subscription %s', s.id)
        FROM tenancy_subscription s
        WHERE s.status = 'terminated' AND (
            EXISTS (SELECT FROM ledger_balance b
                    WHERE b.group_id = s.group_id AND b.subscription_id = s.id
                      AND (b.granted <> 0 OR b.used <> 0))
            OR EXISTS (SELECT FROM ordering_holding h
                       WHERE h.group_id = s.group_id AND h.subscription_id = s.id
                         AND h.quantity <> 0)
            OR EXISTS (SELECT FROM ordering_order o
                       WHERE o.subscription_id = s.id AND o.state = 'scheduled'))""",
    "hold of another group, or placed by another order than a completed suspension": """
        SELECT format('hold %s', h.id)
        FROM tenancy_hold h
        LEFT JOIN tenancy_subscription s ON s.id = h.subscription_id
        LEFT JOIN ordering_order o ON o.id = h.order_id
        WHERE h.group_id IS DISTINCT FROM s.group_id OR h.lifted_at < h.since
           OR (h.order_id IS NOT NULL AND (o.subscription_id, o.kind, o.state, o.reason)
               IS DISTINCT FROM (h.subscription_id, 'suspension', 'completed', h.reason))""",
}
