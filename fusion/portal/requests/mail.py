"""E-mails about order requests: to the group when one is raised, to the requester when it is
decided.

The API may raise or decide a request too, without knowing of e-mails, so the worker writes them: it
reads the events of requests in the order of the feed. Its position moves in the transaction that
writes the mails, so that each event is reported once.
"""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from fusion.access.actor import ADMINISTRATOR
from fusion.access.permissions import WRITERS
from fusion.portal.mails.events import for_each_event, rows
from fusion.portal.mails.write import Reader, sender_of, write_mail

READER = "request-mails"

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
    return for_each_event(READER, "order-request", _write_mails, limit)


def _write_mails(action: str, group: Any, order_request: dict[str, Any]) -> None:
    ((subscription, tenant),) = rows(FACTS, [order_request["subscription_id"]])
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
        yield from writers_of(group)
    else:
        yield from requester_of(order_request)


def writers_of(organization_id: Any) -> list[tuple[Any, ...]]:
    """Administrators and agents: (e-mail, language, time zone)."""
    return rows(GROUP, [organization_id, list(WRITERS)])


def administrators_of(organization_id: Any) -> list[tuple[Any, ...]]:
    """The administrators: (e-mail, language, time zone)."""
    return rows(GROUP, [organization_id, [ADMINISTRATOR]])


def requester_of(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Whom to write about the result of a request: (e-mail, language, time zone)."""
    organization = document["organization_id"]
    return rows(REQUESTER, [document["requested_by"], organization]) or administrators_of(
        organization
    )
