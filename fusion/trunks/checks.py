"""Checks of trunks and calls for `fusion verify`: every call has its trunk, every finished one its
record.
"""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "number routed to a trunk that does not exist or belongs to another subscription": """
        SELECT format('number %s, trunk %s', n.e164, n.trunk_id)
        FROM numbers_number n LEFT JOIN trunks_trunk t ON t.id = n.trunk_id
        WHERE n.trunk_id IS NOT NULL AND t.subscription_id IS DISTINCT FROM n.subscription_id""",
    "number on a trunk of a terminated subscription": """
        SELECT format('subscription %s, number %s', s.id, n.e164)
        FROM numbers_number n JOIN tenancy_subscription s ON s.id = n.subscription_id
        WHERE n.trunk_id IS NOT NULL AND s.status = 'terminated'""",
    "call of a trunk that is not there, or of another subscription or group": """
        SELECT format('trunk %s, %s call %s', c.trunk_id, c.direction, c.call_id)
        FROM trunks_call c
        LEFT JOIN trunks_trunk t ON t.id = c.trunk_id
        LEFT JOIN tenancy_subscription s ON s.id = c.subscription_id
        WHERE (t.subscription_id, s.group_id) IS DISTINCT FROM (c.subscription_id, c.group_id)""",
    "ended call without exactly one record, or live call with a record": """
        SELECT format('trunk %s, %s call %s, admitted at %s: %s records', c.trunk_id, c.direction,
                      c.call_id, c.admitted_at, r.count)
        FROM trunks_call c CROSS JOIN LATERAL (
            SELECT count(*) FROM trunks_callrecord w
            WHERE w.subscription_id = c.subscription_id AND w.ended_at >= c.admitted_at
              AND w.admitted_at = c.admitted_at AND w.trunk_id = c.trunk_id
              AND w.direction = c.direction AND w.call_id = c.call_id) r
        WHERE c.admitted_at IS NOT NULL
          AND r.count <> CASE WHEN c.ended_at IS NULL THEN 0 ELSE 1 END""",
    "call with two records": """
        SELECT format('trunk %s, %s call %s, admitted at %s', trunk_id, direction, call_id,
                      admitted_at)
        FROM trunks_callrecord
        GROUP BY trunk_id, direction, call_id, admitted_at HAVING count(*) > 1""",
    "call record of organizations that never owned its subscription": """
        SELECT format('record %s of %s', r.id, r.ended_at)
        FROM trunks_callrecord r
        WHERE NOT EXISTS (
            SELECT FROM tenancy_ownership s
            WHERE s.subscription_id = r.subscription_id
              AND (s.group_id, s.distributor_id, s.reseller_id, s.tenant_id)
                  IS NOT DISTINCT FROM
                  (r.group_id, r.distributor_id, r.reseller_id, r.tenant_id))""",
    "peak of a trunk above that of its subscription": """
        SELECT format('subscription %s, trunk %s, hour of %s: %s', t.subscription_id, t.trunk_id,
                      t.hour, t.peak)
        FROM (
            SELECT subscription_id, trunk_id, date_trunc('hour', minute, 'UTC') AS hour,
                   max(peak) AS peak
            FROM trunks_channelpeak WHERE trunk_id IS NOT NULL GROUP BY 1, 2, 3
        ) t
        LEFT JOIN (
            SELECT subscription_id, date_trunc('hour', minute, 'UTC') AS hour, max(peak) AS peak
            FROM trunks_channelpeak WHERE trunk_id IS NULL GROUP BY 1, 2
        ) s USING (subscription_id, hour)
        WHERE s.peak IS NULL OR t.peak > s.peak""",
    # Calls that were live at an admission were counted with it. Minutes older than two days may
    # have been thinned out.
    "peak below the number of calls live at the same time": """
        SELECT format('subscription %s, minute %s: %s noted, %s on record', p.subscription_id,
                      p.minute, p.peak, on_record)
        FROM trunks_channelpeak p JOIN (
            SELECT subscription_id, date_trunc('minute', at) AS minute, max(live) AS on_record
            FROM (
                SELECT subscription_id, at, sum(step) OVER (
                           PARTITION BY subscription_id ORDER BY at, step) AS live
                FROM (
                    SELECT subscription_id, coalesce(shared_until, admitted_at) AS at, 1 AS step
                    FROM trunks_callrecord
                    WHERE ended_at >= (SELECT kernel_now()) - interval '2 days'
                    UNION ALL
                    SELECT subscription_id, ended_at, -1 FROM trunks_callrecord
                    WHERE ended_at >= (SELECT kernel_now()) - interval '2 days'
                    UNION ALL
                    SELECT subscription_id, coalesce(shares_until, admitted_at), 1
                    FROM trunks_call WHERE ended_at IS NULL
                    UNION ALL
                    SELECT subscription_id, lease_expires_at, -1 FROM trunks_call
                    WHERE ended_at IS NULL
                ) steps
            ) counted
            WHERE at >= (SELECT kernel_now()) - interval '47 hours'
            GROUP BY 1, 2
        ) r USING (subscription_id, minute)
        WHERE p.trunk_id IS NULL AND p.peak < on_record""",
    "wrong number of open calls": """
        SELECT format('trunk %s: %s, exact until %s; %s open', trunk_id, w.calls, w.exact_until,
                      coalesce(o.calls, 0))
        FROM trunks_opencalls w FULL JOIN (
            SELECT group_id, subscription_id, trunk_id, count(*) AS calls,
                   min(CASE WHEN shares_until > (SELECT kernel_now()) THEN '-infinity'
                            ELSE lease_expires_at END) AS until
            FROM trunks_call WHERE ended_at IS NULL
            GROUP BY group_id, subscription_id, trunk_id
        ) o USING (group_id, subscription_id, trunk_id)
        WHERE coalesce(w.calls, 0) <> coalesce(o.calls, 0) OR w.exact_until > o.until""",
    "ledger entry for channels, which only live calls use": """
        SELECT format('subscription %s: %s used', subscription_id, used)
        FROM ledger_balance WHERE metric = 'sip_channel' AND used <> 0""",
}
"""Description of an inconsistency → a query that returns one line of text for each occurrence."""
