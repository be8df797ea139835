"""The frame of a subscription's pages: header, tabs, and buttons."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PLACE_ORDERS, PROVISION, REQUEST_ORDERS
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Organization, Subscription

TABS: Sequence[tuple[str, str, Any]] = (
    ("overview", "subscriptions-detail", _("Overview")),
    ("users", "subscriptions-users", _("Users")),
    ("numbers", "subscriptions-numbers", _("Numbers")),
    ("trunks", "subscriptions-trunks", _("Trunks")),
    ("ledger", "subscriptions-ledger", _("Ledger")),
    ("audit", "subscriptions-audit", _("Audit")),
)
"""Tab → its page's URL name and its label."""

TERMINATED, ACTIVE = "terminated", "active"


def frame(request: PageRequest, subscription: Subscription, tab: str) -> dict[str, Any]:
    """The context of `portal/subscriptions/base.html`.

    `may_change`: existing users, numbers and trunks; `may_add`: new ones too. Members who may not
    order may request an order, if their role allows changes.
    """
    actor = request.actor
    provisions = PROVISION.allows(actor)
    living = subscription.status != TERMINATED
    orders = PLACE_ORDERS.allows(actor)
    return {
        "subscription": subscription,
        "tenant": tenant_of(request, subscription),
        "tabs": [
            (name == tab, reverse(url, args=[subscription.id]), label) for name, url, label in TABS
        ],
        "may_change": provisions and living,
        "may_add": provisions and subscription.status == ACTIVE,
        "may_order": orders and living,
        "may_request": REQUEST_ORDERS.allows(actor) and not orders and living,
    }


def tenant_of(request: PageRequest, subscription: Subscription) -> Organization:
    """The customer; an actor who sees a subscription also sees its customer."""
    rows = Organization.objects.visible_to(request.actor)
    return rows.get(id=subscription.tenant_id)
