"""Display labels of the verbs and arguments of audit records."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.access.verbs import AUDITED, OF_SUBSCRIPTIONS, VERBS
from fusion.kernel.sheets.send import Table, paged_table
from fusion.portal.actor_names import display_names
from fusion.reporting.audit_trail import WantedRecords, list_audit
from fusion.tenancy.search import subscription_names

OBJECTS: Mapping[str, Any] = {
    **{noun: AUDITED[noun] for noun in OF_SUBSCRIPTIONS},
    "subscription": _("Subscription"),
}
"""The objects of verbs that concern a subscription → label."""

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
    "connector": _("connector"),
    "accept_unknown": _("unknown numbers accepted"),
    "skipped": _("skipped"),
    "first": _("first"),
    "last": _("last"),
    "lines": _("lines"),
    "items": _("items"),
    "sku": _("licence or number type"),
    "number_type": _("number type"),
    "action": _("action"),
    "direction": _("direction"),
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

HIDDEN_FIELDS = (
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


def audit_rows(actor: Actor, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Audit records for templates: each with `label`, `by` and `details` (label and text)."""
    people = display_names(actor, [record["actor"] for record in records])
    return [
        {
            **record,
            "label": VERBS.get(record["verb"], record["verb"]),
            "by": people[record["actor"]],
            "details": detail_rows(record["detail"]),
        }
        for record in records
    ]


AUDIT_COLUMNS = (
    "at",
    "by",
    "verb",
    "change",
    "customer",
    "subscription",
    "object_type",
    "object_id",
    "details",
)


def audit_table(actor: Actor, wanted: WantedRecords) -> Table:
    """All matching audit records, with the names of people, customers and subscriptions."""

    def named(items: list[Any]) -> list[dict[str, Any]]:
        names = subscription_names({each["subscription_id"] for each in items} - {None})
        return [
            {
                **row,
                "change": str(row["label"]),
                "subscription": names.get(row["subscription_id"], ("", ""))[0],
                "customer": names.get(row["subscription_id"], ("", ""))[1],
                "details": "; ".join(f"{label}: {text}" for label, text in row["details"]),
            }
            for row in audit_rows(actor, items)
        ]

    return paged_table("audit", AUDIT_COLUMNS, partial(list_audit, actor, wanted), named)


def detail_rows(detail: Any) -> list[tuple[str, str]]:
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
        if name not in HIDDEN_FIELDS and value not in (None, "", [], {})
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
