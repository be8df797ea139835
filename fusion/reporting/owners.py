"""The organizations above a subscription in a report: ids, names and external references."""

from itertools import product
from uuid import UUID

from fusion.access.actor import KINDS, Actor
from fusion.tenancy.models import Organization

LEVELS = (*KINDS, "subscription")
PARTS = ("id", "name", "external_reference")

_ALIASES = {"group": "g", "distributor": "d", "reseller": "r", "tenant": "t", "subscription": "s"}

NAMES = ", ".join(
    f"{_ALIASES[level]}.{part}::text" if part == "id" else f"{_ALIASES[level]}.{part}"
    for level in LEVELS
    for part in PARTS
)
"""The SELECT list for `schemas.Owned`, where `s` is the subscription and `joins` follows."""


def joins(table: str) -> str:
    """The joins of the organizations whose ids stand in the rows of `table`.

    Those of the subscription are its present owners; other rows keep the owners of their time.
    """
    return f"""
JOIN tenancy_organization g ON g.id = {table}.group_id
LEFT JOIN tenancy_organization d ON d.id = {table}.distributor_id
LEFT JOIN tenancy_organization r ON r.id = {table}.reseller_id
JOIN tenancy_organization t ON t.id = {table}.tenant_id
"""


def names_then(owner: str) -> str:
    """The SELECT list like `NAMES`, for rows that may belong to a former owner.

    `owner` is the row of `tenancy_subscriptionowner`, null if there is none: then the names are
    those of now. Former owners do not learn later names.
    """
    kept = ("reseller", "tenant", "subscription")
    return ", ".join(
        f"CASE WHEN {owner}.until IS NULL THEN {name} ELSE {owner}.names ->> '{level}_{part}' END"
        if level in kept and part != "id"
        else name
        for (level, part), name in zip(product(LEVELS, PARTS), NAMES.split(", "), strict=True)
    )


def owned_by(
    table: str, actor: Actor, organization: Organization, subscription_id: UUID | None
) -> tuple[str, list[UUID]]:
    """The condition on rows that carry the ids of the organizations above them, and its
    parameters: those of the organization that are the actor's too.
    """
    condition, ids = f"{table}.{organization.kind}_id = %s::uuid", [organization.id]
    if organization.id != actor.organization_id:
        condition += f" AND {table}.{actor.kind}_id = %s::uuid"
        ids.append(actor.organization_id)
    if subscription_id is not None:
        condition += f" AND {table}.{'id' if table == 's' else 'subscription_id'} = %s::uuid"
        ids.append(subscription_id)
    return condition, ids
