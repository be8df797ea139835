"""Previewing what a termination would release."""

from typing import Any
from uuid import UUID

from django.db import connection

COUNTS = """
SELECT (SELECT count(*) FROM users_user WHERE subscription_id = %(id)s),
       (SELECT count(*) FROM numbers_number WHERE subscription_id = %(id)s AND user_id IS NOT NULL),
       (SELECT count(*) FROM numbers_number WHERE subscription_id = %(id)s
        AND status IN ('assigned', 'reserved')),
       (SELECT count(*) FROM trunks_trunk WHERE subscription_id = %(id)s),
       trunks_live_calls(%(id)s::uuid),
       (SELECT count(*) FROM tenancy_subscription s JOIN ordering_holding h
        ON h.group_id = s.group_id AND h.subscription_id = s.id
        WHERE s.id = %(id)s AND h.quantity > 0),
       (SELECT count(*) FROM ordering_order WHERE subscription_id = %(id)s AND state = 'scheduled'),
       (SELECT count(*) FROM ordering_orderrequest
        WHERE subscription_id = %(id)s AND state = 'open')
"""

HELD = """
SELECT p.name, p.code, sum(h.quantity)::bigint
FROM tenancy_subscription s
JOIN ordering_holding h ON h.group_id = s.group_id AND h.subscription_id = s.id
JOIN catalogue_product p ON p.id = h.product_id
WHERE s.id = %s AND h.quantity > 0
GROUP BY p.id ORDER BY p.name, p.code
"""

NAMES = ("users", "linked", "numbers", "trunks", "calls", "holdings", "scheduled", "requests")


def what_ends(subscription_id: UUID) -> dict[str, Any]:
    """The numbers of users, links, numbers, trunks, live calls, holdings, scheduled orders and open
    requests, and `held`: (name, code, quantity) of each product.

    Without a lock: the numbers may change before the termination. The caller sees the subscription.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"id": subscription_id})
        counts = dict(zip(NAMES, cursor.fetchone(), strict=True))
        cursor.execute(HELD, [subscription_id])
        return {**counts, "held": cursor.fetchall()}
