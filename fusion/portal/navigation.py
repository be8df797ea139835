"""The side navigation: one explicit list, filtered by the reader's role."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.access.permissions import (
    MANAGE_BRAND,
    READ_BALANCES,
    READ_CATALOGUE,
    READ_ORDERS,
    READ_PROVISIONING,
    READ_RANGES,
    READ_SETTINGS,
    READ_TENANCY,
    READ_TRAIL,
    Permission,
)
from fusion.portal.pending import count_of_failures


@dataclass(frozen=True, slots=True)
class Place:
    """An entry: the page's URL name, its label, its Lucide icon, its readers.

    It is current on every page whose URL name begins with `noun`.
    """

    url: str
    label: Any
    icon: str
    permission: Permission
    noun: str


PLACES: Sequence[Place] = (
    Place("home", _("Overview"), "layout-dashboard", READ_BALANCES, "home"),
    Place("organizations", _("Customers"), "building-2", READ_TENANCY, "organizations"),
    Place("orders", _("Orders"), "shopping-cart", READ_ORDERS, "orders"),
    Place("requests", _("Order requests"), "message-square-plus", READ_ORDERS, "requests"),
    Place("ports", _("Port requests"), "phone-forwarded", READ_PROVISIONING, "ports"),
    Place("products", _("Products"), "package", READ_CATALOGUE, "products"),
    Place("inventory", _("Inventory"), "hash", READ_RANGES, "inventory"),
    Place("events", _("Events"), "activity", READ_TRAIL, "events"),
    Place("audit", _("Audit"), "history", READ_TRAIL, "audit"),
    Place("provider", _("Provider settings"), "settings", READ_SETTINGS, "provider"),
    Place("brand", _("Brand"), "palette", MANAGE_BRAND, "brand"),
)


COUNTS: Mapping[str, Callable[[Actor], str]] = {"orders": count_of_failures}
"""Entry → what it counts, if anything: what somebody has to look at."""


def navigation(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    """The entries that `actor` may open, with their URLs; the current one is marked."""
    match = request.resolver_match
    here = (match.url_name or "") if match else ""
    return [
        {
            "href": reverse(place.url),
            "label": place.label,
            "icon": place.icon,
            "count": partial(COUNTS[place.noun], actor) if place.noun in COUNTS else "",
            "current": here == place.noun or here.startswith(f"{place.noun}-"),
        }
        for place in PLACES
        if place.permission.allows(actor)
    ]
