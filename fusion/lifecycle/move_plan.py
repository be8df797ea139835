"""Where something may be moved, and who will see it then: the rules and the preview of a move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from fusion.access.actor import TENANT, Actor
from fusion.access.permissions import MOVE
from fusion.access.visibility import under
from fusion.kernel.errors import InvalidFields, Problem
from fusion.numbers.models import PortRequest
from fusion.ordering.models import OrderRequest
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import find_organization, find_subscription
from fusion.tenancy.rules import misplaced

MOST = 10_000
"""Most subscriptions of a move that a request waits for; a larger one is a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The ids of the organizations above that gain and lose sight of what moves, from the top."""

    gained: Sequence[UUID]
    lost: Sequence[UUID]


def place_below(parent: Organization, moved: Organization) -> Place:
    """The place of an organization under another parent."""
    return _between(_ids(moved.path)[:-1], _ids(parent.path))


def place_of_tenant(tenant: Organization, moved: Subscription) -> Place:
    """The place of a subscription of another tenant."""
    return _between(_ids(moved.path), _ids(tenant.path))


def refuse_misplaced_organization(moved: Organization, parent: Organization) -> None:
    """Problem `invalid-fields` unless an organization of this kind may be under the parent."""
    if wrong := misplaced(moved.kind, parent.kind):
        raise InvalidFields(parent_id=wrong.get("parent_id", "does not apply: a group has none"))


def refuse_misplaced_subscription(tenant: Organization) -> None:
    """Problem `invalid-fields` unless it is a tenant."""
    if tenant.kind != TENANT:
        raise InvalidFields(tenant_id=f"is a {tenant.kind}; only a tenant can have subscriptions")


def is_job(moved: Organization, parent_id: UUID) -> bool:
    """Whether its move is too large for a request. Where it is already, nothing moves."""
    return moved.parent_id != parent_id and subscriptions_of(moved) > MOST


def refuse_terminated(moved: Subscription) -> None:
    """Problem `subscription-terminated`."""
    if moved.status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. It stays with the tenant that had it.",
        )


def preview_organization_move(
    actor: Actor, *, organization_id: UUID, parent_id: UUID
) -> dict[str, Any]:
    """What `move_organization` would do now: see `_preview`. Takes no lock and promises nothing.

    Problems: `forbidden`, `not-found`, `invalid-fields`.
    """
    MOVE.require_role(actor)
    moved = find_organization(actor, organization_id)
    parent = find_organization(actor, parent_id)
    refuse_misplaced_organization(moved, parent)
    organizations = Organization.objects.visible_to(actor).filter(
        under(moved.path), status="active"
    )
    subscriptions = Subscription.objects.visible_to(actor).filter(under(moved.path))
    if moved.parent_id == parent.id:
        organizations, subscriptions = organizations.none(), subscriptions.none()
    preview = _preview(actor, place_below(parent, moved), organizations, subscriptions)
    return {"allowed": True, **preview, "as_job": is_job(moved, parent.id), "refusals": []}


def preview_subscription_move(
    actor: Actor, *, subscription_id: UUID, tenant_id: UUID
) -> dict[str, Any]:
    """What `move_subscription` would do now: see `_preview`. Takes no lock and promises nothing.

    Problems: `forbidden`, `not-found`, `invalid-fields`.
    """
    MOVE.require_role(actor)
    moved = find_subscription(actor, subscription_id)
    tenant = find_organization(actor, tenant_id)
    refuse_misplaced_subscription(tenant)
    subscriptions = Subscription.objects.visible_to(actor).filter(id=moved.id)
    if moved.tenant_id == tenant.id:
        subscriptions = subscriptions.none()
    organizations = Organization.objects.visible_to(actor).none()
    preview = _preview(actor, place_of_tenant(tenant, moved), organizations, subscriptions)
    return {**_judged(preview, refuse_terminated, moved), "as_job": False}


def _preview(
    actor: Actor,
    place: Place,
    organizations: QuerySet[Organization],
    subscriptions: QuerySet[Subscription],
) -> dict[str, Any]:
    """How many organizations and subscriptions move, {id, kind, name} of the organizations above
    that `will_see` and `will_no_longer_see` them, `references_cleared`, `requests_withdrawn`.
    """
    cleared = [
        rows.filter(reference_owner_id__in=place.lost).count()
        for rows in (organizations, subscriptions)
    ]
    withdrawn = [
        rows.filter(
            subscription_id__in=subscriptions.values("id"),
            organization_id__in=place.lost,
            state="open",
        ).count()
        for rows in (OrderRequest.objects.visible_to(actor), PortRequest.objects.visible_to(actor))
    ]
    return {
        "organizations": organizations.count(),
        "subscriptions": subscriptions.count(),
        "will_see": _named(actor, place.gained),
        "will_no_longer_see": _named(actor, place.lost),
        "references_cleared": sum(cleared),
        "requests_withdrawn": sum(withdrawn),
    }


def _judged[Moved: (Organization, Subscription)](
    preview: dict[str, Any], refuse: Callable[[Moved], None], moved: Moved
) -> dict[str, Any]:
    """The preview with `allowed` and `refusals`."""
    refusals = []
    try:
        refuse(moved)
    except Problem as problem:
        refusals = [{"code": problem.code, "detail": problem.detail}]
    return {"allowed": not refusals, **preview, "refusals": refusals}


def _named(actor: Actor, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    rows = Organization.objects.visible_to(actor).filter(id__in=ids).order_by("path")
    return [{"id": str(each.id), "kind": each.kind, "name": each.name} for each in rows]


def _ids(path: str) -> list[UUID]:
    """The ids of a path, from the top down."""
    return [UUID(part) for part in path.strip("/").split("/")]


def _between(former: Sequence[UUID], new: Sequence[UUID]) -> Place:
    return Place(
        gained=[id for id in new if id not in former],
        lost=[id for id in former if id not in new],
    )


def subscriptions_of(moved: Organization) -> int:
    """How many subscriptions are below it, terminated ones included."""
    rows = Subscription.objects.unscoped("the group moves them")
    return rows.filter(under(moved.path)).count()
