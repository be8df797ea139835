"""What waits on the overview: open requests, and ports that are due soon or have failed.

For the group what it has to decide or to follow up, for the others their own requests.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from fusion.access.actor import Actor
from fusion.access.permissions import READ_ORDERS, READ_PROVISIONING
from fusion.kernel.clock import now
from fusion.numbers.models import PortRequest
from fusion.ordering.models import OrderRequest
from fusion.tenancy.search import subscription_names

SHOWN = 3
"""Requests of a kind that are named; the list has the others."""

MOST = 99
"""The greatest number that is counted."""

DAYS = 7
"""Days within which a port is due soon, and for which a failed one is shown."""

FAILED_AT = "(numbers_portrequest.history::jsonb -> -1 ->> 'at')::timestamptz"
"""When it came into its last state: after its date, if no worker ran then."""


def waiting(actor: Actor) -> list[dict[str, Any]]:
    """One entry for each kind of which there are any: {label, href, icon, rows, more}.

    A row has `href`, `tenant`, `subscription` and perhaps `at`.
    """
    kinds: list[tuple[str, list[Any]]] = []
    if READ_ORDERS.allows(actor):
        orders = OrderRequest.objects.visible_to(actor).filter(
            group_id=actor.group_id, state="open"
        )
        kinds.append(("order-request", list(orders.order_by("id")[: MOST + 1])))
    if READ_PROVISIONING.allows(actor):
        ports = PortRequest.objects.visible_to(actor).filter(group_id=actor.group_id)
        week = timedelta(days=DAYS)
        due = ports.filter(state="approved", port_date__lte=now() + week)
        failed = ports.filter(state="failed").annotate(
            failed_at=RawSQL(FAILED_AT, [])  # noqa: S611 - a constant
        )
        failed = failed.filter(failed_at__gte=now() - week)
        kinds += [
            ("port-request", list(ports.filter(state="open").order_by("id")[: MOST + 1])),
            ("due", list(due.order_by("port_date", "id")[: MOST + 1])),
            ("failed", list(failed.order_by("-failed_at", "id")[: MOST + 1])),
        ]
    names = subscription_names({row.subscription_id for _, rows in kinds for row in rows[:SHOWN]})
    return [_entry(kind, rows, names) for kind, rows in kinds if rows]


def _entry(kind: str, rows: Sequence[Any], names: Any) -> dict[str, Any]:
    url, state, icon, page = PLACES[kind]
    return {
        "label": _label(kind, len(rows)),
        "href": f"{reverse(url)}?state={state}",
        "icon": icon,
        "rows": [
            {
                "href": reverse(page, args=[row.id]),
                "subscription": names[row.subscription_id][0],
                "tenant": names[row.subscription_id][1],
                "at": getattr(row, "port_date", None),
            }
            for row in rows[:SHOWN]
        ],
        "more": len(rows) > SHOWN,
    }


PLACES = {
    "order-request": ("requests", "open", "message-square-plus", "requests-detail"),
    "port-request": ("ports", "open", "phone-forwarded", "ports-detail"),
    "due": ("ports", "approved", "calendar-clock", "ports-detail"),
    "failed": ("ports", "failed", "circle-x", "ports-detail"),
}
"""Kind → its list, the state in it, its icon, and the page of one."""


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
    }[kind] % values
