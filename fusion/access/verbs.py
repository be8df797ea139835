"""The verbs of audit records, `<object>.<verb>`: a new one is an entry here.

`@use_case` and `audit.record` refuse other verbs, and a test finds those in SQL. Pages take their
labels from here. A verb is never renamed: old records keep it.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

VERBS: Mapping[str, Any] = {
    "organization.found": _("Provider created"),
    "organization.create": _("Organization created"),
    "organization.change": _("Organization changed"),
    "organization.move": _("Organization moved"),
    "organization.suspend": _("Suspension of all below submitted"),
    "organization.resume": _("Resumption of all below submitted"),
    "organization.submit_move": _("Move of an organization submitted"),
    "organization.cancel_job": _("Job of an organization cancelled"),
    "organization.delete": _("Organization deleted"),
    "member.enrol": _("Member registered"),
    "member.add": _("Member added"),
    "invitation.create": _("Member invited"),
    "invitation.renew": _("Invitation sent again"),
    "invitation.withdraw": _("Invitation withdrawn"),
    "invitation.accept": _("Invitation accepted"),
    "member.change_role": _("Role changed"),
    "member.remove": _("Member removed"),
    "member.leave": _("Member left"),
    "client.create": _("API client created"),
    "client.change": _("API client changed"),
    "client.rotate_secret": _("API client secret rotated"),
    "client.revoke": _("API client revoked"),
    "brand.set": _("Brand changed"),
    "brand.set_host": _("Brand host name set"),
    "subscription.create": _("Subscription created"),
    "subscription.change": _("Subscription changed"),
    "subscription.move": _("Subscription moved"),
    "subscription.suspend": _("Subscription suspended"),
    "subscription.resume": _("Subscription resumed"),
    "subscription.terminate": _("Subscription terminated"),
    "subscription.restore": _("Subscription restored"),
    "sku.create": _("Number type added"),
    "sku.change": _("Licence or number type changed"),
    "product.create": _("Product added"),
    "product.change": _("Product changed"),
    "product.delete": _("Product deleted"),
    "order.place": _("Order placed"),
    "order.apply": _("Scheduled order applied"),
    "order.reschedule": _("Date of an order changed"),
    "order.cancel": _("Order cancelled"),
    "order.see": _("Failure marked as seen"),
    "order-request.create": _("Order requested"),
    "order-request.approve": _("Order request approved"),
    "order-request.reject": _("Order request rejected"),
    "order-request.withdraw": _("Order request withdrawn"),
    "range.create": _("Number range added"),
    "range.change": _("Number range changed"),
    "range.delete": _("Number range deleted"),
    "number.assigned": _("Numbers assigned"),
    "number.reserved": _("Numbers reserved"),
    "number.released": _("Numbers released"),
    "number.restored": _("Numbers restored"),
    "number.moved": _("Numbers moved"),
    "number.unlinked": _("Numbers unlinked"),
    "number.ported": _("Numbers ported"),
    "number.restocked": _("Number put back into stock"),
    "number.quarantine-ended": _("Quarantine ended"),
    "port-request.create": _("Port requested"),
    "port-request.schedule": _("Port scheduled"),
    "port-request.approve": _("Port request approved"),
    "port-request.reject": _("Port request rejected"),
    "port-request.withdraw": _("Port request withdrawn"),
    "port-request.carry_out": _("Port carried out"),
    "user.create": _("User added"),
    "user.change": _("User changed"),
    "user.link": _("User linked to a number"),
    "user.unlink": _("User unlinked from the number"),
    "user.delete": _("User deleted"),
    "job.create": _("Users uploaded"),
    "job.cancel": _("Upload cancelled"),
    "trunk.create": _("Trunk added"),
    "trunk.change": _("Trunk changed"),
    "trunk.delete": _("Trunk deleted"),
    "trunk.route": _("Number routed to a trunk"),
    "trunk.unroute": _("Number removed from a trunk"),
    "settings.change": _("Provider settings changed"),
    "emergency-number.add": _("Emergency number added"),
    "emergency-number.remove": _("Emergency number removed"),
    "demo.load": "demo.load",
}
"""Verb → label."""

AUDITED: Mapping[str, Any] = {
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
    "port-request": _("Port requests"),
    "user": _("Users"),
    "job": _("User uploads"),
    "trunk": _("Trunks"),
    "brand": _("Brand"),
    "settings": _("Provider settings"),
    "emergency-number": _("Emergency numbers"),
}
"""Object of a verb → label; pages filter by it."""

OF_SUBSCRIPTIONS = (
    "subscription",
    "order",
    "order-request",
    "number",
    "port-request",
    "user",
    "job",
    "trunk",
)
"""The objects that belong to a subscription."""


def wanted_verbs() -> frozenset[str]:
    """What records can be filtered by: each verb, and each object for all of its verbs."""
    return frozenset(VERBS) | frozenset(AUDITED)


def check_wanted(verb: str) -> str:
    """The verb or object itself; ValueError if there is no such."""
    if verb not in wanted_verbs():
        raise ValueError(
            f"“{verb[:64]}” is neither a verb nor an object of the audit trail, "
            "such as user.link or user"
        )
    return verb


def require_verb(verb: str) -> None:
    """Raise LookupError for a verb that is not registered: a fault of the program."""
    if verb not in VERBS:
        raise LookupError(f"{verb} is not in fusion/access/verbs.py.")
