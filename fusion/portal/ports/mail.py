"""E-mails about port requests: to the group when one is raised or withdrawn, to the requester about
its result. What the group itself ports on a date, the customer learns.
"""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from fusion.kernel.clock import read_instant
from fusion.portal.mails.events import for_each_event, rows
from fusion.portal.mails.write import Reader, sender_of, write_mail
from fusion.portal.requests.mail import administrators_of, requester_of, writers_of

READER = "port-mails"

FACTS = """
SELECT s.name, t.name, t.id
FROM tenancy_subscription s JOIN tenancy_organization t ON t.id = s.tenant_id
WHERE s.id = %s::uuid
"""

TO_GROUP = ("created", "withdrawn")
RESULTS = ("approved", "rejected", "completed", "failed")


def write_port_mails(*, limit: int = 50) -> int:
    """Write the mails of up to `limit` events; returns how many events there were."""
    return for_each_event(READER, "port-request", _write_mails, limit)


def _write_mails(action: str, group: Any, port: dict[str, Any]) -> None:
    ((subscription, tenant, tenant_id),) = rows(FACTS, [port["subscription_id"]])
    context = {
        "action": action,
        "port": port,
        "numbers": port["numbers"][:20],
        "more": max(len(port["numbers"]) - 20, 0),
        "port_date": read_instant(port["port_date"]) if port["port_date"] else None,
        "subscription": subscription,
        "tenant": tenant,
    }
    for email, language, zone in set(_recipients(action, str(group), port, tenant_id)):
        write_mail(
            "port_request",
            Reader(email, language, zone),
            sender_of(group),
            context,
            path=reverse("ports-detail", args=[port["id"]]),
        )


def _recipients(
    action: str, group: str, port: dict[str, Any], tenant_id: Any
) -> Iterator[tuple[Any, ...]]:
    of_group = port["organization_id"] == group
    if (action in TO_GROUP and not of_group) or action == "failed":
        yield from writers_of(group)
    if action in RESULTS:
        yield from administrators_of(tenant_id) if of_group else requester_of(port)
