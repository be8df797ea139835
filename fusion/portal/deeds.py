"""Display labels of the verbs and arguments of audit records."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.portal.who import who

DEEDS: Mapping[str, Any] = {
    "organization.found": _("Provider created"),
    "organization.create": _("Organization created"),
    "organization.change": _("Organization changed"),
    "organization.delete": _("Organization deleted"),
    "member.enrol": _("Member registered"),
    "member.add": _("Member added"),
    "invitation.create": _("Member invited"),
    "invitation.renew": _("Invitation sent again"),
    "invitation.withdraw": _("Invitation withdrawn"),
    "invitation.accept": _("Invitation accepted"),
    "member.change_role": _("Role changed"),
    "member.remove": _("Member removed"),
    "client.create": _("API client created"),
    "client.rotate_secret": _("API client secret rotated"),
    "client.revoke": _("API client revoked"),
    "brand.set": _("Brand changed"),
    "brand.set_host": _("Brand host name set"),
    "subscription.create": _("Subscription created"),
    "subscription.change": _("Subscription changed"),
    "subscription.suspend": _("Subscription suspended"),
    "subscription.resume": _("Subscription resumed"),
    "subscription.terminate": _("Subscription terminated"),
    "sku.create": _("Number type added"),
    "product.create": _("Product added"),
    "product.change": _("Product changed"),
    "product.delete": _("Product deleted"),
    "order.place": _("Order placed"),
    "order.apply": _("Scheduled order applied"),
    "order.cancel": _("Order cancelled"),
    "order-request.create": _("Order requested"),
    "order-request.approve": _("Order request approved"),
    "order-request.reject": _("Order request rejected"),
    "order-request.withdraw": _("Order request withdrawn"),
    "range.create": _("Number range added"),
    "number.assigned": _("Numbers assigned"),
    "number.reserved": _("Numbers reserved"),
    "number.released": _("Numbers released"),
    "number.restored": _("Numbers restored"),
    "number.ported": _("Numbers ported"),
    "number.quarantine-ended": _("Quarantine ended"),
    "user.create": _("User added"),
    "user.change": _("User changed"),
    "user.link": _("User linked to a number"),
    "user.unlink": _("User unlinked from the number"),
    "user.delete": _("User deleted"),
    "job.create": _("Users uploaded"),
    "trunk.create": _("Trunk added"),
    "trunk.change": _("Trunk changed"),
    "trunk.delete": _("Trunk deleted"),
    "trunk.route": _("Number routed to a trunk"),
    "trunk.unroute": _("Number removed from a trunk"),
}
"""Verb → label. An unknown verb is shown as it is."""

OBJECTS: Mapping[str, Any] = {
    "subscription": _("Subscription"),
    "order": _("Orders"),
    "order-request": _("Order requests"),
    "number": _("Numbers"),
    "user": _("Users"),
    "job": _("User uploads"),
    "trunk": _("Trunks"),
}
"""The first parts of verbs that concern a subscription or its objects."""

FIELDS: Mapping[str, Any] = {
    "login": _("login"),
    "display_name": _("name"),
    "name": _("name"),
    "kind": _("kind"),
    "role": _("role"),
    "email": _("e-mail"),
    "number": _("number"),
    "former_number": _("former number"),
    "e164": _("number"),
    "numbers": _("numbers"),
    "country": _("country"),
    "channel_cap": _("cap"),
    "state": _("state"),
    "status": _("status"),
    "reason": _("reason"),
    "effective_at": _("takes effect"),
    "note": _("note"),
    "code": _("code"),
    "description": _("description"),
    "quantity": _("quantity"),
    "external_reference": _("billing reference"),
    "scopes": _("scopes"),
    "first": _("first"),
    "last": _("last"),
    "lines": _("lines"),
    "items": _("items"),
    "sku": _("licence or number type"),
    "number_type": _("number type"),
    "action": _("action"),
    "until": _("until"),
    "colour": _("colour"),
    "language": _("language"),
    "rows": _("rows"),
    "request_id": _("request"),
    "invitation_id": _("invitation"),
    "member_id": _("member"),
    "client_id": _("API client"),
    "parent_id": _("organization"),
    "tenant_id": _("customer"),
}
"""Name of an argument → label; an unknown name is shown as it is."""

UNTOLD = (
    "subscription_id",
    "organization_id",
    "user_id",
    "trunk_id",
    "order_id",
    "product_id",
    "job",
)
"""Ids that mean nothing to people: the page shows or links the objects instead."""

MOST_SHOWN = 5
"""Most members of a list that are shown; the others are counted."""


def deeds(actor: Actor, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Audit records for templates: each with `deed`, `by` and `told` (pairs of label and text)."""
    people = who(actor, [record["actor"] for record in records])
    return [
        {
            **record,
            "deed": DEEDS.get(record["verb"], record["verb"]),
            "by": people[record["actor"]],
            "told": told(record["detail"]),
        }
        for record in records
    ]


def told(detail: Any) -> list[tuple[str, str]]:
    """The arguments of a change, one line each, without ids and empty values."""
    if not isinstance(detail, dict):
        return []
    parts = [value for value in detail.values() if isinstance(value, dict)]
    flat = {
        **{name: value for name, value in detail.items() if not isinstance(value, dict)},
        **{name: part for each in parts for name, part in each.items()},
    }
    return [
        (_word(name), _text(value))
        for name, value in flat.items()
        if name not in UNTOLD and value not in (None, "", [], {})
    ]


def _word(name: str) -> str:
    return str(FIELDS.get(name, name.replace("_", " ")))


def _text(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_text(each) for each in value[:MOST_SHOWN])
        return shown + (f" … (+{len(value) - MOST_SHOWN})" if len(value) > MOST_SHOWN else "")
    if isinstance(value, dict):
        return ", ".join(f"{_word(name)} {_text(part)}" for name, part in value.items())
    return str(value)
