"""E-mails about order requests: to the group when one is raised, to the requester when it is
decided.

The API may raise or decide a request too, without knowing of e-mails, so the worker writes them: it
reads the events of requests in the order of the feed. Its position moves in the transaction that
writes the mails, so that each event is reported once.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db import transaction
from django.urls import reverse

from fusion.access.actor import ADMINISTRATOR
from fusion.access.permissions import WRITERS
from fusion.kernel.database import execute, fetch_rows
from fusion.portal.mails.write import Reader, sender_of, write_mail

READER = "request-mails"

# As in the feed: transactions in progress may still add events before those that are visible.
NEXT = """
SELECT e.epoch, e.xid::text, e.id, e.type, e.group_id, e.data::text
FROM portal_position p
JOIN events_event e ON (e.epoch, e.xid, e.id) > (p.epoch, p.xid, p.event)
WHERE p.reader = %s AND e.type LIKE 'order-request.%%'
  AND (e.epoch < events_epoch() OR e.xid < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY e.epoch, e.xid, e.id
LIMIT %s
"""

LOCK = "SELECT FROM portal_position WHERE reader = %s FOR UPDATE SKIP LOCKED"

MOVE = "UPDATE portal_position SET epoch = %s, xid = %s::xid8, event = %s WHERE reader = %s"

# The member who decided, and the requester: that person while they are a member, else the
# administrators of the requesting organization (an API client has no e-mail).
GROUP = """
SELECT DISTINCT u.email, coalesce(f.language, ''), coalesce(f.time_zone, '')
FROM tenancy_member m JOIN tenancy_user u ON u.id = m.user_id AND u.is_active
LEFT JOIN portal_preference f ON f.user_id = u.id
WHERE m.organization_id = %s::uuid AND m.role = ANY (%s::text[])
"""
REQUESTER = """
SELECT u.email, coalesce(f.language, ''), coalesce(f.time_zone, '')
FROM tenancy_member m JOIN tenancy_user u ON u.id = m.user_id AND u.is_active
LEFT JOIN portal_preference f ON f.user_id = u.id
WHERE 'member:' || m.id = %s::text AND m.organization_id = %s::uuid
"""

FACTS = """
SELECT s.name, t.name
FROM tenancy_subscription s JOIN tenancy_organization t ON t.id = s.tenant_id
WHERE s.id = %s::uuid
"""


def write_request_mails(*, limit: int = 50) -> int:
    """Write the mails of up to `limit` events; returns how many events there were."""
    with transaction.atomic():
        if not execute(LOCK, [READER]):
            return 0  # another worker is doing this
        events = fetch_rows(NEXT, [READER, limit])
        for *_, type, group, data in events:
            _write_mails(type.removeprefix("order-request."), group, orjson.loads(data))
        if events:
            epoch, xid, event = events[-1][:3]
            execute(MOVE, [epoch, xid, event, READER])
    return len(events)


def _write_mails(action: str, group: Any, order_request: dict[str, Any]) -> None:
    ((subscription, tenant),) = fetch_rows(FACTS, [order_request["subscription_id"]])
    context = {
        "action": action,
        "order_request": order_request,
        "lines": order_request["lines"],
        "subscription": subscription,
        "tenant": tenant,
    }
    sender = sender_of(group)
    for email, language, zone in set(_recipients(action, group, order_request)):
        write_mail(
            "order_request",
            Reader(email, language, zone),
            sender,
            context,
            path=reverse("requests-detail", args=[order_request["id"]]),
        )


def _recipients(
    action: str, group: Any, order_request: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    if action in ("created", "withdrawn"):
        yield from fetch_rows(GROUP, [group, list(WRITERS)])
        return
    requester_organization = order_request["organization_id"]
    requester = [order_request["requested_by"], requester_organization]
    yield from fetch_rows(REQUESTER, requester) or fetch_rows(
        GROUP, [requester_organization, [ADMINISTRATOR]]
    )
