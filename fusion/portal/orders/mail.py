"""E-mails about scheduled orders that failed, and about those that end others: to who placed the
order, and to the group's administrators and agents.
"""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from fusion.kernel.clock import read_instant
from fusion.kernel.database import execute
from fusion.portal.mails.events import for_each_event, rows
from fusion.portal.mails.write import Reader, sender_of, write_mail
from fusion.portal.requests.mail import FACTS, REQUESTER, writers_of

READERS: Mapping[str, str] = {
    "failed": "order-mails",
    "expiring": "order-expiring-mails",
    "overdue": "order-overdue-mails",
}
"""What happened to an order → the reader that writes the mails, from the template of that name."""


SKIP = """
UPDATE portal_position
SET epoch = events_epoch(), xid = pg_snapshot_xmax(pg_current_snapshot()), event = 0
WHERE reader = ANY (%s)
"""


def write_order_mails(*, limit: int = 50) -> int:
    """Write the mails of up to `limit` events of each type; returns how many events there were."""
    return sum(
        for_each_event(reader, "order", _write_mails, limit, only=action)
        for action, reader in READERS.items()
    )


def skip_order_mails() -> None:
    """Leave out the events of before: a history that was just loaded concerns nobody now."""
    execute(SKIP, [list(READERS.values())])


def _write_mails(action: str, group: Any, order: dict[str, Any]) -> None:
    ((subscription, tenant),) = rows(FACTS, [order["subscription_id"]])
    context = {
        "order": order,
        "effective_at": read_instant(order["effective_at"]),
        "subscription": subscription,
        "tenant": tenant,
    }
    placed_by = rows(REQUESTER, [order["placed_by"], group])
    for email, language, zone in {*writers_of(group), *placed_by}:
        write_mail(
            f"order_{action}",
            Reader(email, language, zone),
            sender_of(group),
            context,
            path=reverse("orders-detail", args=[order["id"]]),
        )
