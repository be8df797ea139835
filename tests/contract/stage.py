"""Two providers with an object of every noun, so that tests can exchange each id of a request."""

import os
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from uuid import UUID

from fusion.accounts.models import Member, User
from fusion.clients.models import ApiClient
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.tenancy.models import Organization, Subscription
from tests.numbers.stock import assigned, block, entitle, path, range_of, stock
from tests.ordering.placing import draft, fall_due, line
from tests.trunks.calling import order_channels
from tests.users.staff import created, row, submitted
from tests.world import World, answer, make_organization, make_subscription

FAR = "2029-06-01T00:00:00Z"

ORGANIZATION_SLOTS = ("organization_id", "parent_id", "tenant_id")
"""Names of ids of organizations."""

SHARED_SLOTS = ("product_id", "sku_id", "range_id", "idle_range_id")
"""Names of ids of objects that every organization of a group sees."""

Ids = dict[str, UUID | str]


@dataclass
class Branch:
    """A tenant and the objects that belong to it."""

    tenant: Organization
    subscription: Subscription
    ids: Ids


class Stage:
    """A world with a sibling branch beside its own, and another world."""

    def __init__(self) -> None:
        self.world = World()
        self.own = self._branch(self.world.tenant, self.world.subscription)
        self.empty = make_organization("tenant", self.world.reseller)

    def sibling(self) -> Branch:
        """A branch of another distributor, which only the group sees."""
        distributor = make_organization("distributor", self.world.group)
        tenant = make_organization("tenant", make_organization("reseller", distributor))
        branch = self._branch(tenant, make_subscription(tenant, "Sibling"))
        branch.ids["parent_id"] = distributor.id
        return branch

    def above(self, kind: str) -> list[Branch]:
        """The organization above that of this kind, which does not see it."""
        chain = [self.world.group, self.world.distributor, self.world.reseller, self.world.tenant]
        branches = []
        for organization in chain:
            if organization.kind == kind:
                break
            ids = {**self.own.ids, **_people(organization)}
            ids |= dict.fromkeys(ORGANIZATION_SLOTS, organization.id)
            branches.append(Branch(organization, self.own.subscription, ids))
        return branches

    def organization(self, kind: str) -> Organization:
        """The organization of that kind above (or at) the tenant."""
        found: Organization = getattr(self.world, kind)
        return found

    def _dated(self, subscription: Subscription, action: str) -> str:
        """A scheduled order of the group that changes the subscription's state."""
        body = {"effective_at": FAR}
        response = self.world.call("POST", f"/subscriptions/{subscription.id}/{action}", body)
        id: str = answer(response)["id"]
        return id

    def _branch(self, tenant: Organization, subscription: Subscription) -> Branch:
        order = placed_for(self.world, subscription)
        scheduled = placed_for(self.world, subscription, effective_at=FAR)
        numbers = stock(self.world, 3)
        entitle(self.world, 5, subscription)
        assigned(self.world, *numbers[:2], subscription=subscription)
        self.world.call("DELETE", path(self.world, numbers[1], subscription=subscription))
        target = make_subscription(tenant, "Second")
        entitle(self.world, 1, target)
        ended = make_subscription(tenant, "Ended")
        self.world.call("POST", f"/subscriptions/{ended.id}/terminate")
        if not hasattr(self, "range"):
            self.range = range_of(numbers[0])
            self.idle_range = range_of(stock(self.world, 1)[0])
        user = created(self.world, f"user {new_id()}", subscription=subscription)
        order_channels(self.world, 1000, subscription)
        trunk = trunk_of(self.world, subscription)
        ids: Ids = {
            "request_id": requested(self.world, subscription, by=tenant),
            "port_request_id": port_requested(self.world, subscription, by=tenant),
            "group_id": self.world.group.id,
            "trunk_id": trunk,
            "idle_trunk_id": trunk_of(self.world, subscription),
            "direction": "inbound",
            "call_id": f"new {new_id()}",
            "live_call_id": emergency(self.world, trunk),
            "user_id": user["id"],
            "job_id": submitted(self.world, [row("x")], subscription=subscription),
            "organization_job_id": job_of(self.world, tenant),
            **dict(zip(("e164", "quarantined_e164", "free_e164"), numbers, strict=True)),
            "range_id": self.range.id,
            "idle_range_id": self.idle_range.id,
            **dict.fromkeys(ORGANIZATION_SLOTS, tenant.id),
            **_people(tenant),
            "subscription_id": subscription.id,
            "to_subscription_id": target.id,
            "ended_id": ended.id,
            "order_id": order,
            "scheduled_order_id": scheduled,
            "failed_order_id": failed_for(self.world, subscription),
            **{
                f"scheduled_{action}_id": self._dated(subscription, action)
                for action in ("suspend", "terminate")
            },
            "product_id": self.world.seat.id,
            "sku_id": self.world.number_sku.id,
        }
        assert tenant.parent_id
        ids["parent_id"] = tenant.parent_id
        return Branch(tenant, subscription, ids)


def placed_for(world: World, subscription: Subscription, **more: Any) -> str:
    """The id of a new order of that subscription."""
    response = world.call("POST", "/orders", draft(world, subscription=subscription, **more))
    assert response.status_code == 201, response.content
    id: str = answer(response)["id"]
    return id


def failed_for(world: World, subscription: Subscription) -> str:
    """The id of a scheduled order of that subscription that has failed."""
    lines = [line(world.seat, 1_000_000, "remove")]
    id = placed_for(world, subscription, lines=lines, effective_at=FAR)
    fall_due({"id": id})
    apply_due_orders()
    return id


def requested(world: World, subscription: Subscription, by: Organization) -> str:
    """The id of a new order request for that subscription."""
    line = {"product_id": str(world.seat.id), "quantity": 1}
    body = {"subscription_id": str(subscription.id), "lines": [line]}
    response = world.call("POST", "/order-requests", body, by=by)
    assert response.status_code == 201, response.content
    id: str = answer(response)["id"]
    return id


def port_requested(world: World, subscription: Subscription, by: Organization) -> str:
    """The id of a new port request for that subscription."""
    path = f"/subscriptions/{subscription.id}/port-requests"
    response = world.call("POST", path, {"direction": "in", "numbers": block(1)}, by=by)
    assert response.status_code == 201, response.content
    id: str = answer(response)["id"]
    return id


def job_of(world: World, organization: Organization) -> str:
    """The id of a new job of that organization."""
    response = world.call("POST", f"/organizations/{organization.id}/suspend")
    assert response.status_code == 202, response.content
    id: str = answer(response)["id"]
    return id


def trunk_of(world: World, subscription: Subscription) -> str:
    """The id of a new trunk of that subscription, in Belgium."""
    path = f"/subscriptions/{subscription.id}/trunks"
    id: str = answer(world.call("POST", path, {"name": "Main", "country": "BE"}))["id"]
    return id


def emergency(world: World, trunk: str) -> str:
    """The call id of a live call, which needs no channel."""
    call_id = str(new_id())
    body = {"caller": "+3225550100", "callee": "112"}
    # It outlives the tests of a file.
    with patch.dict(os.environ, FUSION_CALL_LEASE_SECONDS="86400"):
        response = world.call("PUT", f"/trunks/{trunk}/calls/inbound/{call_id}", body)
    assert response.status_code == 201, response.content
    return call_id


def _people(organization: Organization) -> Ids:
    """A member and an API client of an organization."""
    user = User(email=f"{new_id()}@example.com", password="!")
    user.save(force_insert=True)
    member = Member(user=user, organization=organization, role="viewer", name="Member")
    member.save(force_insert=True)
    client = ApiClient(
        organization=organization,
        name="a client",
        scopes="tenancy:read",
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        client_secret="none",
        hash_client_secret=False,
    )
    client.save(force_insert=True)
    return {"member_id": member.id, "client_id": client.id}
