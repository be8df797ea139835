"""E-mails when live calls reach a threshold, to the people who want them in their settings."""

from typing import Any
from uuid import UUID

from django.urls import reverse

from fusion.kernel.clock import read_instant
from fusion.portal.mails.events import for_each_event, rows
from fusion.portal.mails.write import Reader, sender_of, write_mail

READER = "channel-mails"

FACTS = """
SELECT s.name, t.name, s.path, k.name
FROM tenancy_subscription s
JOIN tenancy_organization t ON t.id = s.tenant_id
LEFT JOIN trunks_trunk k ON k.id = %s::uuid AND k.subscription_id = s.id
WHERE s.id = %s::uuid
"""

WHO_WANT = """
SELECT DISTINCT u.email, f.language, f.time_zone
FROM tenancy_member m
JOIN tenancy_user u ON u.id = m.user_id AND u.is_active
JOIN portal_preference f ON f.user_id = u.id AND f.channel_mails
WHERE m.organization_id = ANY (%s::uuid[])
"""


def write_channel_mails(*, limit: int = 50) -> int:
    """Write the mails of up to `limit` events; returns how many events there were."""
    return for_each_event(READER, "channel", _write_mails, limit)


def _write_mails(action: str, group: Any, reached: dict[str, Any]) -> None:
    facts = rows(FACTS, [reached["trunk_id"], reached["subscription_id"]])
    for subscription, tenant, path, trunk in facts:
        people = rows(WHO_WANT, [[UUID(part) for part in path.split("/") if part]])
        if not people:
            return
        page = "subscriptions-trunks"
        context = {
            "reached": reached,
            "at": read_instant(reached["at"]),
            "subscription": subscription,
            "tenant": tenant,
            "trunk": trunk,
        }
        sender = sender_of(group)
        for email, language, zone in people:
            target = reverse(page, args=[reached["subscription_id"]])
            write_mail(
                "channel_threshold", Reader(email, language, zone), sender, context, path=target
            )
