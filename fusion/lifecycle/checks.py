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
    "job of an organization that disagrees with the outcomes of its subscriptions": """
        SELECT format('job %s of organization %s', j.number, j.organization_id)
        FROM lifecycle_job j
        CROSS JOIN LATERAL (
            SELECT count(*) AS rows, count(r.outcome) AS done,
                   count(*) FILTER (WHERE r.outcome = 'changed') AS changed,
                   count(*) FILTER (WHERE r.outcome = 'unchanged') AS unchanged,
                   count(*) FILTER (WHERE r.outcome = 'refused') AS refused,
                   count(*) FILTER (WHERE r.outcome = 'failed') AS failed,
                   count(*) FILTER (WHERE (r.outcome IS NULL) <> (r.position > j.done)) AS skipped
            FROM lifecycle_jobrow r WHERE r.group_id = j.group_id AND r.job_id = j.id) c
        WHERE j.kind <> 'move'
          AND (c.rows, c.done, c.changed, c.unchanged, c.refused, c.failed, c.skipped)
              IS DISTINCT FROM (j.total, j.done, j.changed, j.unchanged, j.refused, j.failed, 0)""",
    "row of a job with another order than the completed one of its subscription": """
        SELECT format('job %s, row %s', r.job_id, r.position)
        FROM lifecycle_jobrow r
        JOIN lifecycle_job j ON j.group_id = r.group_id AND j.id = r.job_id
        LEFT JOIN tenancy_subscription s ON s.group_id = r.group_id AND s.id = r.subscription_id
        LEFT JOIN ordering_order o ON o.group_id = r.group_id AND o.id = r.order_id
        WHERE s.id IS NULL
           OR (r.order_id IS NOT NULL AND (o.subscription_id, o.kind, o.state)
               IS DISTINCT FROM (r.subscription_id, j.kind, 'completed'))""",
}
