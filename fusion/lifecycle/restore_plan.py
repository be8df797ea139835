"""Whether a terminated subscription can be restored, what comes back and what does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.kernel.clock import instant
from fusion.kernel.database import database_now, fetch_dicts, fetch_row, fetch_rows, fetch_value
from fusion.kernel.errors import Problem
from fusion.numbers.release import quarantine_days
from fusion.ordering.models import Order
from fusion.tenancy.models import Organization, Subscription

TERMINATION_OF = """
SELECT t.id, t.number, t.completed_at FROM ordering_termination_of(%s::uuid, %s::uuid) t
WHERE t.id IS NOT NULL
"""

# The events of the transaction that terminated the subscription say what it released; a
# cancellation by another actor may share its number (`emit.sql`). The event of the order is looked
# for around the order's own instant: events have an index by time. With "(group_id = …) IS TRUE" no
# other index can serve the condition.
RELEASED = """
WITH ended AS MATERIALIZED (
    SELECT e.epoch, e.xid, e.actor FROM events_event e
    WHERE (e.group_id = %(group)s) IS TRUE
      AND e.type = 'order.completed' AND e.subject = %(order)s::text
      AND e.at BETWEEN %(at)s::timestamptz - interval '1 hour'
                   AND %(at)s::timestamptz + interval '1 hour')
SELECT e.type, e.subject, e.data ->> 'number' AS number, e.data ->> 'kind' AS kind
FROM ended w
JOIN events_event e ON e.group_id = %(group)s AND e.epoch = w.epoch AND e.xid = w.xid
WHERE e.subscription_id = %(subscription)s AND e.actor = w.actor
  AND e.type IN ('number.released', 'user.unlinked', 'order.cancelled')
ORDER BY e.id
"""

NUMBERS = """
SELECT w.e164, CASE
    WHEN n.e164 IS NULL THEN 'removed'
    WHEN n.status IN ('free', 'ported_out') THEN n.status
    WHEN n.status = 'quarantined' AND n.subscription_id = %(subscription)s THEN 'quarantined'
    ELSE 'taken' END
FROM unnest(%(numbers)s::text[]) AS w(e164)
LEFT JOIN numbers_number n ON n.e164 = w.e164 AND (n.group_id = %(group)s) IS TRUE
ORDER BY w.e164
"""

HOLDS = """
SELECT h.reason, h.order_id FROM tenancy_hold h
WHERE h.group_id = %s AND h.subscription_id = %s AND h.since <= %s AND h.lifted_at >= %s
ORDER BY h.since, h.reason
"""

HOLDINGS = """
SELECT p.name, p.code, e.revision, -e.quantity AS quantity
FROM ordering_effect_of(%s::uuid, %s::uuid) e JOIN catalogue_product p ON p.id = e.product_id
ORDER BY p.name, p.code, e.revision
"""

TRUNKS = "SELECT count(*) FROM trunks_trunk WHERE group_id = %s AND subscription_id = %s"


@dataclass(frozen=True, slots=True)
class Termination:
    """The order that terminated a subscription; `until` is when it can be undone at the latest."""

    order_id: UUID
    number: int
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What restoring a subscription brings back, and what it does not.

    `holdings`: {name, code, revision, quantity}. `numbers` are still in quarantine; `lost` maps the
    others to the reason. `holds`: (reason, suspension order) of those that the termination lifted.
    `links` counts users who lost their numbers, `orders` are cancelled ones: {id, number, kind}.
    """

    holdings: Sequence[dict[str, Any]]
    numbers: Sequence[str]
    lost: dict[str, str]
    holds: Sequence[tuple[str, UUID | None]]
    links: int
    trunks: int
    orders: Sequence[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """{restores, not_restored}, as the API shows them."""
        return {
            "restores": {
                "holdings": len(self.holdings),
                "numbers": len(self.numbers),
                "holds": [reason for reason, _ in self.holds],
            },
            "not_restored": {
                "numbers": [{"e164": e164, "reason": why} for e164, why in self.lost.items()],
                "links": self.links,
                "trunks": self.trunks,
                "orders": list(self.orders),
            },
        }


def find_termination(subscription: Subscription) -> Termination | None:
    """The order that terminated it; None if it is not terminated, or no order says so."""
    if subscription.status != "terminated":
        return None
    row = fetch_row(TERMINATION_OF, [subscription.group_id, subscription.id])
    if row is None:
        return None
    id, number, at = row
    return Termination(id, number, at, at + timedelta(days=quarantine_days()))


def is_restorable(subscription: Subscription) -> bool:
    """Whether it is terminated, and there is still time to undo that."""
    termination = find_termination(subscription)
    return termination is not None and database_now() < termination.until


def require_restorable(actor: Actor, subscription: Subscription) -> Termination:
    """The termination to undo.

    Problems: `subscription-not-terminated`, `restore-too-late`, `conflict` (the tenant was
    deleted), `external-reference-taken`.
    """
    if subscription.status != "terminated":
        raise _not_terminated(actor, subscription)
    termination = find_termination(subscription)
    if termination is None:
        raise Problem("restore-too-late", "No order says when the subscription was terminated.")
    if database_now() >= termination.until:
        until = instant(termination.until)
        raise Problem(
            "restore-too-late",
            f"The subscription could be restored until {until}, when the quarantine of its numbers "
            "ended. Create a new subscription for this tenant.",
            extra={"until": until},
        )
    rows = Organization.objects.visible_to(actor).filter(id=subscription.tenant_id)
    tenant = rows.get()
    if tenant.status != "active":
        raise Problem(
            "conflict",
            f"The tenant {tenant.name} was deleted. Its subscriptions can no longer be restored.",
        )
    taken = taken_reference(actor, subscription)
    if taken is not None:
        raise taken
    return termination


def _not_terminated(actor: Actor, subscription: Subscription) -> Problem:
    """Names the order that restored it, if there is one: most likely the request is repeated."""
    terminations = Order.objects.visible_to(actor).filter(
        subscription_id=subscription.id, kind="termination", state="completed"
    )
    rows = Order.objects.visible_to(actor).filter(
        subscription_id=subscription.id,
        kind="reversal",
        state="completed",
        reverses__in=terminations.values("id"),
    )
    order = rows.order_by("-number").first()
    existing = order and {
        "kind": "order",
        "id": str(order.id),
        "number": order.number,
        "state": order.state,
    }
    return Problem(
        "subscription-not-terminated",
        f"The subscription is {subscription.status}. Only a terminated one can be restored.",
        extra={"existing": existing} if existing else None,
    )


def taken_reference(actor: Actor, subscription: Subscription) -> Problem | None:
    """The refusal if another live subscription carries the external reference; else None."""
    if subscription.external_reference is None:
        return None
    rows = Subscription.objects.visible_to(actor).filter(
        group_id=subscription.group_id,
        external_reference=subscription.external_reference,
        reference_owner_id=subscription.reference_owner_id,
    )
    other = rows.exclude(id=subscription.id).exclude(status="terminated").first()
    return reference_problem(subscription, other) if other else None


def reference_problem(subscription: Subscription, other: Subscription | None) -> Problem:
    """The refusal because `other` carries the external reference."""
    existing = other and {"kind": "subscription", "id": str(other.id), "state": other.status}
    return Problem(
        "external-reference-taken",
        f"Another subscription has the external reference {subscription.external_reference} now. "
        "Change or clear it there, then restore this one.",
        extra={"existing": existing} if existing else None,
    )


def plan_restoration(subscription: Subscription, termination: Termination) -> Plan:
    """What comes back and what does not, as of now. The caller sees the subscription."""
    group_id, order_id, at = subscription.group_id, termination.order_id, termination.at
    facts = {
        "group": group_id,
        "order": order_id,
        "at": at,
        "subscription": subscription.id,
    }
    released = fetch_dicts(RELEASED, facts)
    numbers = [each["subject"] for each in released if each["type"] == "number.released"]
    states = dict(fetch_rows(NUMBERS, {**facts, "numbers": numbers}))
    return Plan(
        holdings=fetch_dicts(HOLDINGS, [group_id, order_id]),
        numbers=[e164 for e164, state in states.items() if state == "quarantined"],
        lost={e164: state for e164, state in states.items() if state != "quarantined"},
        holds=[tuple(row) for row in fetch_rows(HOLDS, [group_id, subscription.id, at, at])],
        links=sum(each["type"] == "user.unlinked" for each in released),
        trunks=fetch_value(TRUNKS, [group_id, subscription.id]),
        orders=[
            {"id": each["subject"], "number": int(each["number"]), "kind": each["kind"]}
            for each in released
            if each["type"] == "order.cancelled"
        ],
    )
