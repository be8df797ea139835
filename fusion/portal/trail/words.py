"""Labels of the objects of events and audit records."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

ABOUT: Mapping[str, Any] = {
    "order": _("Orders"),
    "order-request": _("Order requests"),
    "product": _("Products"),
    "organization": _("Organizations"),
    "subscription": _("Subscriptions"),
    "number": _("Numbers"),
    "user": _("Users"),
    "balance": _("Balances"),
}
"""First part of an event's type → label."""

OBJECTS: Mapping[str, Any] = {
    "order": _("Orders"),
    "order-request": _("Order requests"),
    "product": _("Products"),
    "sku": _("Number types"),
    "organization": _("Organizations"),
    "subscription": _("Subscriptions"),
    "member": _("Members"),
    "invitation": _("Invitations"),
    "client": _("API clients"),
    "range": _("Number ranges"),
    "number": _("Numbers"),
    "user": _("Users"),
    "job": _("User uploads"),
    "trunk": _("Trunks"),
    "brand": _("Brand"),
}
"""First part of an audit record's verb → label."""
