"""Roles, where the API has none: its clients always act as administrators.

Every use case × role, on what the actor sees: who may not is refused and has changed nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from fusion.access import permissions
from fusion.access.actor import ADMINISTRATOR, AGENT, ROLES, VIEWER, Actor
from fusion.access.permissions import Permission
from fusion.access.use_case import Answer
from fusion.accounts.change_role import change_role
from fusion.accounts.invite_member import invite_member
from fusion.accounts.remove_member import remove_member
from fusion.branding.set_brand import set_brand, set_host
from fusion.catalogue.change_product import change_product
from fusion.catalogue.change_sku import change_sku
from fusion.catalogue.create_product import create_product
from fusion.catalogue.create_sku import create_sku
from fusion.catalogue.delete_product import delete_product
from fusion.clients.create_client import create_client
from fusion.clients.revoke_client import revoke_client
from fusion.clients.rotate_secret import rotate_secret
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.lifecycle.delete_organization import delete_organization
from fusion.lifecycle.edit_settings import edit_settings
from fusion.lifecycle.move import move_organization, move_subscription
from fusion.lifecycle.resume import resume
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from fusion.ordering.cancel import cancel_order
from fusion.ordering.models import RESUMPTION, SUSPENSION, TERMINATION
from fusion.ordering.place import Draft, Line, place_order
from fusion.ordering.place_batch import Item, place_orders
from fusion.ordering.preview import preview_order
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.edit_organization import edit_organization
from fusion.tenancy.edit_subscription import edit_subscription
from fusion.trunks.admit import admit
from fusion.trunks.create_trunk import create_trunk
from fusion.trunks.delete_trunk import delete_trunk
from fusion.trunks.edit_trunk import edit_trunk
from fusion.trunks.emergency_numbers import add_emergency_number, remove_emergency_number
from fusion.trunks.end_call import end_call
from fusion.trunks.route_number import route_number
from fusion.trunks.unroute_number import unroute_number
from tests.contract.rescheduling import RESCHEDULES
from tests.contract.stage import Stage
from tests.contract.table import KINDS

Deed = Callable[[Stage, Actor], Answer]

ADMINISTRATORS, WRITERS = (ADMINISTRATOR,), (ADMINISTRATOR, AGENT)

AHEAD = timedelta(days=9)


def a_draft(stage: Stage, effective_at: datetime | None = None) -> Draft:
    """An order of one seat."""
    line = Line(stage.world.seat.id, 1)
    return Draft(stage.world.subscription.id, (line,), effective_at=effective_at)


def at_once(change: Callable[..., Answer], stage: Stage, actor: Actor) -> Answer:
    """Suspend, resume or terminate the stage's subscription."""
    return change(actor, subscription_id=stage.world.subscription.id)


def on_a_date(stage: Stage, actor: Actor, kind: str, ahead: timedelta = AHEAD) -> Answer:
    """Suspend, resume or terminate the stage's subscription on a date."""
    return schedule(
        actor,
        kind=kind,
        subscription_id=stage.world.subscription.id,
        effective_at=datetime.now(UTC) + ahead,
    )


def id_of(stage: Stage, name: str) -> UUID:
    """The id of one of the stage's own objects."""
    return UUID(str(stage.own.ids[name]))


def a_trunk(stage: Stage, name: str = "trunk_id") -> dict[str, UUID]:
    """One of the stage's trunks."""
    return {"subscription_id": stage.world.subscription.id, "trunk_id": id_of(stage, name)}


def a_call(stage: Stage, name: str) -> dict[str, Any]:
    """A call on the stage's trunk."""
    return {
        "trunk_id": id_of(stage, "trunk_id"),
        "direction": "inbound",
        "call_id": str(stage.own.ids[name]),
    }


def tenant(stage: Stage) -> UUID:
    """The tenant whom it is all about."""
    return stage.world.tenant.id


# What is done, the roles that may, and the kinds of organization whose members may.
DEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Deed]] = {
    "place an order": (
        WRITERS,
        ("group",),
        lambda stage, actor: place_order(actor, draft=a_draft(stage)),
    ),
    "schedule an order": (
        WRITERS,
        ("group",),
        lambda stage, actor: place_order(
            actor, draft=a_draft(stage, datetime.now(UTC) + timedelta(days=9))
        ),
    ),
    "preview an order": (
        WRITERS,
        ("group",),
        lambda stage, actor: preview_order(actor, draft=a_draft(stage)),
    ),
    "place a batch": (
        WRITERS,
        ("group",),
        lambda stage, actor: place_orders(actor, items=[Item(a_draft(stage))]),
    ),
    "cancel an order": (
        WRITERS,
        ("group",),
        lambda stage, actor: cancel_order(actor, order_id=id_of(stage, "scheduled_order_id")),
    ),
    **RESCHEDULES,
    "create a SKU": (
        WRITERS,
        ("group",),
        lambda stage, actor: create_sku(
            actor, code="new", name="N", country="BE", number_type="mobile"
        ),
    ),
    "create a product": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: create_product(
            actor,
            code="new",
            name="N",
            description="",
            external_reference=None,
            items=[{"sku": "user", "quantity": 1}],
        ),
    ),
    "change a product": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: change_product(
            actor, product_id=stage.world.seat.id, changes={"name": "New"}
        ),
    ),
    "delete a product": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: delete_product(actor, product_id=stage.world.seat.id),
    ),
    "set the brand": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: set_brand(actor, name="New", colour="#123456"),
    ),
    "set the host name": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: set_host(actor, host=f"{new_id()}.example.com"),
    ),
    "create an organization": (
        ADMINISTRATORS,
        KINDS[:3],
        lambda stage, actor: create_organization(
            actor, kind="tenant", parent_id=actor.organization_id, name="New"
        ),
    ),
    "edit an organization": (
        ADMINISTRATORS,
        KINDS[:3],
        lambda stage, actor: edit_organization(
            actor, organization_id=tenant(stage), changes={"name": "New"}
        ),
    ),
    "delete an organization": (
        ADMINISTRATORS,
        KINDS[:3],
        lambda stage, actor: delete_organization(
            actor,
            organization_id=tenant(stage) if actor.kind == "tenant" else stage.empty.id,
        ),
    ),
    "create a subscription": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: create_subscription(actor, tenant_id=tenant(stage), name="New"),
    ),
    "edit a subscription": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: edit_subscription(
            actor, subscription_id=stage.world.subscription.id, changes={"name": "New"}
        ),
    ),
    **{
        name: (roles, ("group",), partial(at_once, change))
        for name, roles, change in (
            ("suspend", WRITERS, suspend),
            ("resume", WRITERS, resume),
            ("terminate", ADMINISTRATORS, terminate),
        )
    },
    "suspend on a date": (WRITERS, ("group",), partial(on_a_date, kind=SUSPENSION)),
    "resume on a date": (WRITERS, ("group",), partial(on_a_date, kind=RESUMPTION)),
    "terminate on a date": (ADMINISTRATORS, ("group",), partial(on_a_date, kind=TERMINATION)),
    "terminate on a date that is past": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: on_a_date(stage, actor, TERMINATION, timedelta(hours=-1)),
    ),
    "cancel a suspension": (
        WRITERS,
        ("group",),
        lambda stage, actor: cancel_order(actor, order_id=id_of(stage, "scheduled_suspend_id")),
    ),
    "cancel a termination": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: cancel_order(actor, order_id=id_of(stage, "scheduled_terminate_id")),
    ),
    "change a SKU": (
        WRITERS,
        ("group",),
        lambda stage, actor: change_sku(actor, sku_id=id_of(stage, "sku_id"), changes={}),
    ),
    "move a tenant": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: move_organization(
            actor, organization_id=tenant(stage), parent_id=stage.world.group.id
        ),
    ),
    "move a subscription": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: move_subscription(
            actor, subscription_id=stage.world.subscription.id, tenant_id=tenant(stage)
        ),
    ),
    "create a trunk": (
        WRITERS,
        KINDS,
        lambda stage, actor: create_trunk(
            actor, subscription_id=stage.world.subscription.id, name="New", country="BE"
        ),
    ),
    "edit a trunk": (
        WRITERS,
        KINDS,
        lambda stage, actor: edit_trunk(actor, **a_trunk(stage), changes={"channel_cap": 1}),
    ),
    "delete a trunk": (
        WRITERS,
        KINDS,
        lambda stage, actor: delete_trunk(actor, **a_trunk(stage, "idle_trunk_id")),
    ),
    "change the settings": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: edit_settings(
            actor, organization_id=stage.world.group.id, emergency_numbers={"US": ["933"]}
        ),
    ),
    "add an emergency number and remove it": (
        ADMINISTRATORS,
        ("group",),
        lambda stage, actor: [
            change(actor, country="US", number="933")
            for change in (add_emergency_number, remove_emergency_number)
        ][-1],
    ),
    "route a number": (
        WRITERS,
        KINDS,
        lambda stage, actor: route_number(actor, **a_trunk(stage), e164=str(stage.own.ids["e164"])),
    ),
    "take a number off a trunk": (
        WRITERS,
        KINDS,
        lambda stage, actor: unroute_number(
            actor, **a_trunk(stage), e164=str(stage.own.ids["e164"])
        ),
    ),
    "admit a call": (
        WRITERS,
        KINDS,
        lambda stage, actor: admit(actor, **a_call(stage, "call_id"), caller="", callee="112"),
    ),
    "end a call": (
        WRITERS,
        KINDS,
        lambda stage, actor: end_call(actor, **a_call(stage, "live_call_id")),
    ),
    "invite a member": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: invite_member(
            actor,
            organization_id=tenant(stage),
            email=f"{new_id()}@example.com",
            name=None,
            role="agent",
        ),
    ),
    "change a role": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: change_role(
            actor,
            organization_id=tenant(stage),
            member_id=id_of(stage, "member_id"),
            role="agent",
        ),
    ),
    "remove a member": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: remove_member(
            actor, organization_id=tenant(stage), member_id=id_of(stage, "member_id")
        ),
    ),
    "create a client": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: create_client(
            actor, organization_id=tenant(stage), name="New", scopes=["orders:read"]
        ),
    ),
    "rotate a secret": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: rotate_secret(
            actor, organization_id=tenant(stage), client_id=id_of(stage, "client_id")
        ),
    ),
    "revoke a client": (
        ADMINISTRATORS,
        KINDS,
        lambda stage, actor: revoke_client(
            actor, organization_id=tenant(stage), client_id=id_of(stage, "client_id")
        ),
    ),
}


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A stage for whatever is refused."""
    return Stage()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deed", DEEDS)
def test_allowed_roles(deed: str, kind: str, role: str, stage: Stage) -> None:
    roles, kinds, do = DEEDS[deed]
    if role in roles and kind in kinds:
        fresh = Stage()
        assert do(fresh, fresh.world.actor(kind, role)).status in (200, 201, 202, 204)
        return
    before = stage.world.fingerprint()
    with pytest.raises(Problem) as refusal:
        do(stage, stage.world.actor(kind, role))
    assert refusal.value.code == "forbidden"
    assert stage.world.fingerprint() == before


def test_a_viewer_changes_nothing_anywhere() -> None:
    assert all(VIEWER not in roles for roles, _, _ in DEEDS.values())


def test_every_permission_to_write_excludes_viewers() -> None:
    told = [each for each in vars(permissions).values() if isinstance(each, Permission)]
    assert len(told) > 10
    for permission in told:
        if any(scope.endswith(":write") for scope in permission.scopes):
            assert VIEWER not in permission.roles, permission
