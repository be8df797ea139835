"""The holder of a number: its user or its trunk, by name, with the URL of their page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from fusion.tenancy.models import Subscription
from fusion.trunks.queries import trunk_names
from fusion.users.queries import user_names


def with_holders(
    subscription: Subscription, numbers: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Documents of numbers, each with `holder`: {name, href, type}, or None; two statements."""
    users = user_names(subscription.id, [each["user_id"] for each in numbers if each["user_id"]])
    trunks = trunk_names(
        subscription.id, [each["trunk_id"] for each in numbers if each["trunk_id"]]
    )
    return [{**each, "holder": _holder(subscription, each, users, trunks)} for each in numbers]


def _holder(
    subscription: Subscription,
    number: Mapping[str, Any],
    users: Mapping[str, str],
    trunks: Mapping[str, str],
) -> dict[str, Any] | None:
    for type, names in (("user", users), ("trunk", trunks)):
        id = number[f"{type}_id"]
        if id:
            href = reverse(f"subscriptions-{type}", args=[subscription.id, id])
            return {"type": type, "name": names.get(id, id), "href": href}
    return None
