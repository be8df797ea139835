"""Consistency checks of subscriptions, for `fusion verify`."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "status of a subscription differs from its holds": """
        SELECT format('subscription %s is %s and has %s open holds', s.id, s.status, count(h.id))
        FROM tenancy_subscription s
        LEFT JOIN tenancy_hold h ON h.subscription_id = s.id AND h.lifted_at IS NULL
        GROUP BY s.id HAVING (s.status = 'suspended') <> (count(h.id) > 0)""",
}
