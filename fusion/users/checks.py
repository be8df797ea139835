"""Checks of users for `fusion verify`: every link has its licence, and every job its results."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "link without exactly one licence, or licence without a link": """
        SELECT format('subscription %s, user %s: %s links, %s licences', subscription_id, holder,
                      coalesce(l.links, 0), coalesce(e.held, 0))
        FROM (
            SELECT subscription_id, user_id::text AS holder, count(*) AS links
            FROM numbers_number WHERE user_id IS NOT NULL GROUP BY 1, 2
        ) l
        FULL JOIN (
            SELECT e.subscription_id, e.holder_id AS holder,
                   sum(CASE e.kind WHEN 'consume' THEN 1 ELSE -1 END) AS held
            FROM ledger_entry e
            JOIN ledger_balance b USING (group_id, subscription_id, sku_id)
            WHERE e.kind IN ('consume', 'release') AND e.holder_type = 'user' AND b.metric = 'user'
            GROUP BY 1, 2
            HAVING sum(CASE e.kind WHEN 'consume' THEN 1 ELSE -1 END) <> 0
        ) e USING (subscription_id, holder)
        WHERE coalesce(l.links, 0) <> 1 OR coalesce(e.held, 0) <> 1""",
    "number linked to a user who does not exist or belongs to another subscription": """
        SELECT format('number %s', n.e164)
        FROM numbers_number n LEFT JOIN users_user u ON u.id = n.user_id
        WHERE n.user_id IS NOT NULL AND u.subscription_id IS DISTINCT FROM n.subscription_id""",
    "link that is missing in the history, or a link in the history that does not exist": """
        SELECT format('number %s, user %s', coalesce(n.e164, l.e164),
                      coalesce(n.user_id, l.user_id))
        FROM (SELECT * FROM numbers_number WHERE user_id IS NOT NULL) n
        FULL JOIN (SELECT * FROM users_link WHERE unlinked_at IS NULL) l
            ON l.e164 = n.e164 AND l.user_id = n.user_id
        WHERE n.e164 IS NULL OR l.e164 IS NULL OR l.subscription_id <> n.subscription_id
           OR l.group_id <> n.group_id OR l.tenant_id <> n.tenant_id
           OR l.reseller_id IS DISTINCT FROM n.reseller_id
           OR l.distributor_id IS DISTINCT FROM n.distributor_id OR l.sku_id <> n.sku_id""",
    "two users of a subscription with the same login": """
        SELECT format('subscription %s, user %s: login %s', subscription_id, id, login)
        FROM users_user
        WHERE login_twin > 0 OR login_key IS DISTINCT FROM kernel_text_key(login)""",
    "link of a terminated subscription": """
        SELECT format('subscription %s, number %s', s.id, n.e164)
        FROM tenancy_subscription s
        JOIN numbers_number n ON n.subscription_id = s.id AND n.user_id IS NOT NULL
        WHERE s.status = 'terminated'""",
    "job whose progress differs from its results": """
        SELECT format('job %s: %s done, %s failed; results say %s and %s', j.id, j.done, j.failed,
                      coalesce(r.done, 0), coalesce(r.failed, 0))
        FROM users_job j
        LEFT JOIN (
            SELECT job_id, count(*) AS done, count(*) FILTER (WHERE status >= 300) AS failed,
                   max(position) AS last
            FROM users_jobresult GROUP BY 1
        ) r ON r.job_id = j.id
        WHERE j.done <> coalesce(r.done, 0) OR j.failed <> coalesce(r.failed, 0)
           OR j.done <> coalesce(r.last, 0)""",
}
"""Description of an inconsistency → a query that returns one line of text for each occurrence."""
