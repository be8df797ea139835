"""The types of events, `<object>.<what happened>`: a new one is an entry here.

`emit` refuses other types, and a test finds those in SQL. The filter of the page of events and the
table of the integration guide follow from it. A type is never renamed: events are kept.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_TYPES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "order": (
        _("Orders"),
        (
            "scheduled",
            "rescheduled",
            "completed",
            "failed",
            "seen",
            "cancelled",
            "expiring",
            "overdue",
        ),
    ),
    "order-request": (_("Order requests"), ("created", "approved", "rejected", "withdrawn")),
    "product": (_("Products"), ("created", "changed", "retired", "deleted")),
    "organization": (_("Organizations"), ("created", "changed", "moved", "deleted")),
    "subscription": (
        _("Subscriptions"),
        ("created", "changed", "moved", "suspended", "resumed", "terminated", "restored"),
    ),
    "number": (
        _("Numbers"),
        (
            "assigned",
            "reserved",
            "released",
            "restored",
            "moved",
            "quarantine-ended",
            "restocked",
            "ported",
            "routed",
            "unrouted",
        ),
    ),
    "port-request": (
        _("Port requests"),
        ("created", "approved", "rejected", "withdrawn", "completed", "failed", "changed"),
    ),
    "range": (_("Number ranges"), ("created", "changed", "deleted")),
    "user": (_("Users"), ("created", "changed", "deleted", "linked", "unlinked")),
    "trunk": (_("Trunks"), ("created", "changed", "deleted")),
    "balance": (_("Balances"), ("threshold",)),
    "channel": (_("SIP channels"), ("threshold",)),
}

OBJECTS: Mapping[str, Any] = {noun: label for noun, (label, _) in _TYPES.items()}
"""Object of an event → label."""

TYPES_OF_OBJECT: Mapping[str, tuple[str, ...]] = {
    noun: tuple(f"{noun}.{each}" for each in ends) for noun, (_, ends) in _TYPES.items()
}
"""Object of an event → its types."""

EVENT_TYPES = frozenset(type for types in TYPES_OF_OBJECT.values() for type in types)
"""Every type of event."""
