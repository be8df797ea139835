"""Moving an organization under another parent, or a subscription to another tenant: in one
transaction, which also brings along what the subscriptions have.

Whoever sees a subscription sees its orders, requests, numbers and present links. What was written
before the move stays where it was: events, audit records, call records, former links.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fusion.access import audit
from fusion.access.actor import Actor
from fusion.access.permissions import MOVE
from fusion.access.use_case import Done, use_case
from fusion.access.visibility import under
from fusion.clients.clear_creators import clear_creators
from fusion.kernel.database import database_now, execute, fetch_value
from fusion.lifecycle.move_events import ARRIVED, LEFT, emit_moved
from fusion.lifecycle.move_plan import (
    Place,
    place_below,
    place_of_tenant,
    refuse_misplaced_organization,
    refuse_misplaced_subscription,
    refuse_terminated,
)
from fusion.numbers.end_port import withdraw_ports_of
from fusion.ordering.withdraw_request import withdraw_requests_of
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import (
    find_organization,
    find_subscription,
    lock_subscription,
    organization_document,
    subscription_document,
)

LOCK = "SELECT tenancy_lock_subtree(%s::uuid, %s::uuid, %s::uuid)"
FOLLOW = """
SELECT ordering_follow_move(%(group)s::uuid, %(ids)s::uuid[]),
       numbers_follow_move(
           %(group)s::uuid, %(ids)s::uuid[], %(actor)s::text, %(at)s::timestamptz),
       users_follow_move(%(group)s::uuid, %(ids)s::uuid[], %(at)s::timestamptz)
"""


@use_case(MOVE, verb="organization.move", bulk=True)
def move_organization(actor: Actor, *, organization_id: UUID, parent_id: UUID) -> Done:
    """Move a reseller or a tenant, with all below it, under another parent of the group.

    No effect if that is its parent already. References are cleared whose owner no longer sees the
    object, and open requests of organizations that lose sight of it are withdrawn.

    However large it is: see `submit_move.py`. Problems: `not-found`, `invalid-fields` (not allowed
    there).
    """
    organization = find_organization(actor, organization_id)
    parent = find_organization(actor, parent_id)
    refuse_misplaced_organization(organization, parent)
    ids: list[UUID] = fetch_value(LOCK, [actor.group_id, organization.id, parent.id])
    # Again, under the locks.
    organization = find_organization(actor, organization_id)
    place = place_below(find_organization(actor, parent_id), organization)
    if organization.parent_id == parent.id:
        return Done(organization_document(organization), organization.path, organization.id)
    organizations, subscriptions = _below(organization), _subscriptions(ids)
    at = _leave(actor, place, organizations, subscriptions)
    execute(
        "SELECT tenancy_change_parent(%s::uuid, %s::uuid, %s::uuid)",
        [actor.group_id, organization.id, parent.id],
    )
    _follow(actor, ids, None, at)
    clear_creators([each.id for each in organizations], of=place.lost)
    emit_moved(actor, ARRIVED, _again(organizations), _subscriptions(ids), at)
    _record_left(actor, "organization", organization, None, at)
    moved = find_organization(actor, organization_id)
    return Done(organization_document(moved), moved.path, moved.id, at=at)


@use_case(MOVE, verb="subscription.move", bulk=True)
def move_subscription(actor: Actor, *, subscription_id: UUID, tenant_id: UUID) -> Done:
    """Move a subscription to another tenant of the group, with all that it has.

    No effect if that is its tenant already; references and requests as in `move_organization`.

    Problems: `not-found`, `invalid-fields` (not a tenant), `subscription-terminated`.
    """
    find_subscription(actor, subscription_id)
    tenant = find_organization(actor, tenant_id)
    refuse_misplaced_subscription(tenant)
    lock_organization(actor, tenant)
    subscription = lock_subscription(actor, subscription_id)
    refuse_terminated(subscription)
    if subscription.tenant_id == tenant.id:
        return Done(
            subscription_document(subscription),
            subscription.path,
            subscription.id,
            subscription_id=subscription.id,
        )
    place = place_of_tenant(tenant, subscription)
    at = _leave(actor, place, [], [subscription])
    _follow(actor, [subscription.id], tenant.id, at)
    (moved,) = _subscriptions([subscription.id])
    emit_moved(actor, ARRIVED, [], [moved], at)
    _record_left(actor, "subscription", subscription, subscription.id, at)
    return Done(subscription_document(moved), moved.path, moved.id, subscription_id=moved.id, at=at)


def _leave(
    actor: Actor,
    place: Place,
    organizations: Sequence[Organization],
    subscriptions: Sequence[Subscription],
) -> datetime:
    """Write what the organizations that lose sight still see; the instant of the move."""
    at = database_now()
    for withdraw in (withdraw_requests_of, withdraw_ports_of):
        withdraw(actor, organizations=place.lost, subscriptions=subscriptions, at=at)
    emit_moved(actor, LEFT, organizations, subscriptions, at, lost=place.lost)
    return at


def _follow(actor: Actor, ids: Sequence[UUID], tenant_id: UUID | None, at: datetime) -> None:
    """Write the new owners of the subscriptions, and of all that carries a copy of them."""
    execute(
        "SELECT tenancy_change_owner(%s::uuid, %s::uuid[], %s::uuid, %s::timestamptz)",
        [actor.group_id, ids, tenant_id, at],
    )
    execute(FOLLOW, {"group": actor.group_id, "ids": ids, "actor": actor.label, "at": at})


def _record_left(
    actor: Actor,
    noun: str,
    moved: Organization | Subscription,
    subscription_id: UUID | None,
    at: datetime,
) -> None:
    """The audit record under the former path, which does not name the new place."""
    audit.record(
        actor,
        verb=f"{noun}.move",
        object_type=noun,
        object_id=moved.id,
        path=moved.path,
        detail={"direction": LEFT},
        subscription_id=subscription_id,
        at=at,
    )


def _again(organizations: Sequence[Organization]) -> list[Organization]:
    rows = Organization.objects.unscoped("they are being moved")
    return list(rows.filter(id__in=[each.id for each in organizations]).order_by("path"))


def _below(root: Organization) -> list[Organization]:
    """The organization and those below it, from the top down; not the deleted ones."""
    rows = Organization.objects.unscoped("they are being moved")
    return list(rows.filter(under(root.path), status="active").order_by("path"))


def _subscriptions(ids: Sequence[UUID]) -> list[Subscription]:
    rows = Subscription.objects.unscoped("they are being moved")
    return list(rows.filter(id__in=ids).order_by("id"))
