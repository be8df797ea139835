"""External references: names set by other systems, each owned by the organization that set it.

A reference is unique within its owner, so that no organization can take one away from another. An
object has one reference and one owner of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fusion.access.actor import Actor
from fusion.kernel.errors import Problem
from fusion.tenancy.models import Organization, Subscription

ENDED = {"organization": "deleted", "subscription": "terminated"}
"""Noun → the state in which an object no longer holds its reference."""


def owner_of(actor: Actor, reference: str | None) -> Any:
    """The id of the owner of `reference` if `actor` sets it; None for no reference."""
    return None if reference is None else actor.organization_id


def changed_reference(
    actor: Actor, row: Organization | Subscription, changes: Mapping[str, str | None]
) -> dict[str, Any]:
    """The columns of `row` to write, if `changes` sets its external reference. The row is locked.

    An organization above the owner takes the reference over by setting it, even to the same text.
    Problem `conflict` for an organization below the owner.
    """
    if "external_reference" not in changes:
        return {}
    new, owner = changes["external_reference"], row.reference_owner_id
    same = new == row.external_reference
    if owner is not None and owner != actor.organization_id and owner.hex in actor.path:
        if same:
            return {}
        raise Problem(
            "conflict",
            "An organization above yours set the external reference "
            f"{row.external_reference}. Ask that organization to change or clear it.",
        )
    written = {"external_reference": new, "reference_owner_id": owner_of(actor, new)}
    return {name: value for name, value in written.items() if getattr(row, name) != value}


def reference_taken(
    actor: Actor, row: Organization | Subscription, noun: str
) -> Callable[[], Problem]:
    """Makes the refusal for `row`, whose external reference another object carries.

    If the actor sees that object, `existing` is {kind, id, state}.
    """

    def problem() -> Problem:
        reference = row.external_reference
        rows = type(row).objects.visible_to(actor).exclude(id=row.id)
        owned = rows.filter(
            group_id=row.group_id,
            external_reference=reference,
            reference_owner_id=row.reference_owner_id,
        )
        other = owned.exclude(status__in=("deleted", "terminated")).first()
        existing = other and {"kind": noun, "id": str(other.id), "state": other.status}
        return Problem(
            "external-reference-taken",
            f"Another {noun} already has the external reference {reference} from your "
            f"organization. You can reuse it once that {noun} is {ENDED[noun]} or its reference "
            "changes.",
            extra={"existing": existing} if existing else None,
        )

    return problem
