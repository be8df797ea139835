"""Previewing what a termination would release."""

from typing import Any
from uuid import UUID

from fusion.kernel.database import fetch_dicts, fetch_rows

COUNTS = """
SELECT (SELECT count(*) FROM users_user WHERE subscription_id = %(id)s) AS users,
       (SELECT count(*) FROM numbers_number
        WHERE subscription_id = %(id)s AND user_id IS NOT NULL) AS linked,
       (SELECT count(*) FROM numbers_number WHERE subscription_id = %(id)s
        AND status IN ('assigned', 'reserved')) AS numbers,
       (SELECT count(*) FROM trunks_trunk WHERE subscription_id = %(id)s) AS trunks,
       trunks_live_calls(%(id)s::uuid) AS calls,
       (SELECT count(*) FROM tenancy_subscription s JOIN ordering_holding h
        ON h.group_id = s.group_id AND h.subscription_id = s.id
        WHERE s.id = %(id)s AND h.quantity > 0) AS holdings,
       (SELECT count(*) FROM ordering_order
        WHERE subscription_id = %(id)s AND state = 'scheduled') AS scheduled,
       (SELECT count(*) FROM ordering_orderrequest
        WHERE subscription_id = %(id)s AND state = 'open') AS requests
"""

HELD = """
SELECT p.name, p.code, sum(h.quantity)::bigint
FROM tenancy_subscription s
JOIN ordering_holding h ON h.group_id = s.group_id AND h.subscription_id = s.id
JOIN catalogue_product p ON p.id = h.product_id
WHERE s.id = %s AND h.quantity > 0
GROUP BY p.id ORDER BY p.name, p.code
"""


def what_ends(subscription_id: UUID) -> dict[str, Any]:
    """The numbers of users, links, numbers, trunks, live calls, holdings, scheduled orders and open
    requests, and `held`: (name, code, quantity) of each product.

    Without a lock: the numbers may change before the termination. The caller sees the subscription.
    """
    (counts,) = fetch_dicts(COUNTS, {"id": subscription_id})
    return {**counts, "held": fetch_rows(HELD, [subscription_id])}
