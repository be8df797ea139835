"""Clients that are connectors: what they order has the origin `connector:<name>`."""

import re

from django.db.models import Q

from fusion.access.actor import GROUP, Actor
from fusion.kernel.errors import InvalidFields, Problem
from fusion.tenancy.models import Organization

LONGEST = 40
"""Most characters of a connector's name."""

NAME = r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"
NAME_IN_WORDS = (
    f"must be 1 to {LONGEST} small letters, digits and hyphens, "
    "beginning and ending with a letter or digit"
)

IS_CONNECTOR = Q(connector__isnull=True) | Q(connector__regex=f"^{NAME}$")
"""The check of the column; NULL for other clients."""


def check_connector(actor: Actor, organization: Organization, connector: str | None) -> None:
    """Refuse a name that `actor` may not give, or that is none, to a client of `organization`.

    Problems: `forbidden` below the group, `invalid-fields`.
    """
    if connector is None:
        return
    if actor.kind != GROUP:
        raise Problem(
            "forbidden",
            "Only administrators of the group can make a client a connector; you belong to a "
            f"{actor.kind}.",
        )
    if organization.kind != GROUP:
        raise InvalidFields(
            connector="is only for clients of the group: clients of a "
            f"{organization.kind} place no orders"
        )
    if not re.fullmatch(NAME, connector):
        raise InvalidFields(connector=NAME_IN_WORDS)
