"""What waits on the overview: open requests, ports that are due soon, and what has failed.

For the group what it has to decide or to follow up, for the others their own requests.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from operator import itemgetter
from typing import Any

from django.db.models import DateTimeField, F, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import READ_ORDERS, READ_PROVISIONING
from fusion.kernel.clock import now
from fusion.numbers.models import PortRequest
from fusion.ordering.models import OrderRequest
from fusion.portal.pending import unseen_failures
from fusion.tenancy.search import subscription_names

SHOWN = 3
"""Requests of a kind that are named; the list has the others."""

MOST = 99
"""The greatest number that is counted."""

DAYS = 7
"""Days within which a port is due soon, and for which a failed port is shown."""

FAILED_AT = "(numbers_portrequest.history::jsonb -> -1 ->> 'at')::timestamptz"
"""When it came into its last state: after its date, if no worker ran then."""


def waiting(actor: Actor) -> list[dict[str, Any]]:
    """One entry for each kind of which there are any: {label, href, icon, rows, more}.

    A row has `href`, `tenant`, `subscription` and perhaps `at`.
    """
    found = _requests(actor)
    by_kind = {
        kind: sorted((row for row in found if row["what"] == kind), key=order)
        for kind, order in ORDER.items()
    }
    names = subscription_names(
        {row["subscription_id"] for rows in by_kind.values() for row in rows[:SHOWN]}
    )
    return [_entry(kind, rows, names) for kind, rows in by_kind.items() if rows]


def _requests(actor: Actor) -> list[dict[str, Any]]:
    """Up to `MOST` + 1 of each kind, in one statement: what, id, subscription_id, at."""
    parts: list[Any] = []
    of_group = {"group_id": actor.group_id}
    if READ_ORDERS.allows(actor):
        orders = OrderRequest.objects.visible_to(actor).filter(state="open", **of_group)
        parts.append(_part(orders, "order-request", NOTHING, "id"))
        if actor.kind == GROUP:
            unseen = unseen_failures(actor)
            parts.append(_part(unseen, "failed-order", F("effective_at"), "-effective_at"))
    if READ_PROVISIONING.allows(actor):
        ports = PortRequest.objects.visible_to(actor).filter(**of_group)
        week = timedelta(days=DAYS)
        due = ports.filter(state="approved", port_date__lte=now() + week)
        failed = ports.filter(state="failed").annotate(
            failed_at=RawSQL(FAILED_AT, [])  # noqa: S611 - a constant
        )
        failed = failed.filter(failed_at__gte=now() - week)
        parts += [
            _part(ports.filter(state="open"), "port-request", NOTHING, "id"),
            _part(due, "due", F("port_date"), "port_date"),
            _part(failed, "failed", F("failed_at"), "-failed_at"),
        ]
    return list(parts[0].union(*parts[1:], all=True)) if parts else []


def _part(rows: Any, kind: str, at: Any, order: str) -> Any:
    columns = rows.annotate(what=Value(kind), at=at).order_by(order)
    return columns.values("what", "id", "subscription_id", "at")[: MOST + 1]


NOTHING = Cast(Value(None), DateTimeField())

ORDER: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "order-request": itemgetter("id"),
    "port-request": itemgetter("id"),
    "due": itemgetter("at"),
    "failed": lambda row: -row["at"].timestamp(),
    "failed-order": lambda row: -row["at"].timestamp(),
}
"""Kind → in which order its requests are shown: the first to be looked after first."""


def _entry(kind: str, rows: Sequence[Any], names: Any) -> dict[str, Any]:
    url, query, icon, page = PLACES[kind]
    return {
        "label": _label(kind, len(rows)),
        "href": f"{reverse(url)}?{query}",
        "icon": icon,
        "rows": [
            {
                "href": reverse(page, args=[row["id"]]),
                "subscription": names[row["subscription_id"]][0],
                "tenant": names[row["subscription_id"]][1],
                "at": row["at"],
            }
            for row in rows[:SHOWN]
        ],
        "more": len(rows) > SHOWN,
    }


PLACES = {
    "order-request": ("requests", "state=open", "message-square-plus", "requests-detail"),
    "port-request": ("ports", "state=open", "phone-forwarded", "ports-detail"),
    "due": ("ports", "state=approved", "calendar-clock", "ports-detail"),
    "failed": ("ports", "state=failed", "circle-x", "ports-detail"),
    "failed-order": ("orders", "state=failed&seen=no", "circle-x", "orders-detail"),
}
"""Kind → its list, the filter of it, its icon, and the page of one."""


def _label(kind: str, count: int) -> str:
    values = {"count": str(count) if count <= MOST else gettext("more than %d") % MOST}
    return {
        "order-request": ngettext(
            "%(count)s open order request", "%(count)s open order requests", count
        ),
        "port-request": ngettext(
            "%(count)s open port request", "%(count)s open port requests", count
        ),
        "due": ngettext("%(count)s port within 7 days", "%(count)s ports within 7 days", count),
        "failed": ngettext(
            "%(count)s port failed in the last 7 days",
            "%(count)s ports failed in the last 7 days",
            count,
        ),
        "failed-order": ngettext(
            "%(count)s scheduled order failed",
            "%(count)s scheduled orders failed",
            count,
        ),
    }[kind] % values
