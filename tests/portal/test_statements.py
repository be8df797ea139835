"""What a page costs does not grow with the rows that it shows.

Every page that has an address is asked for, so that a new one is held to this without being listed:
of each kind of thing there are one or two, then several more. What a page's address names must be
known to `Shop.ids`; lists that show something else when they are asked otherwise stand in `ASKED`.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse

from fusion.access.actor import ADMINISTRATOR, AGENT
from fusion.accounts.invite_member import invite_member
from fusion.clients.create_client import create_client
from fusion.kernel.ids import new_id
from fusion.ordering.place import Line
from fusion.ordering.request_order import request_order
from fusion.portal.account import urls as account
from fusion.portal.urls import urlpatterns
from tests.lifecycle.jobs import done as done_job
from tests.numbers.porting import requested as port_requested
from tests.numbers.stock import assign, block, entitle, french, range_of, stock
from tests.ordering.placing import line, placed, revise
from tests.portal.furnished import Furnished
from tests.portal.people import join, make_person, signed_in
from tests.trunks.calling import admitted, end, make_trunk, order_channels
from tests.users.staff import created, equip, linked, row, submitted, work
from tests.world import World, make_organization, make_subscription

MOST = 19
"""Statements that any page may cost."""

OTHERS = {"brand-style", "brand-logo"}
"""What is no page."""

WANTED = (
    "/?full=",
    "/customers?q=tenant",
    "/products?q=p&status=active",
    "/orders?q=p&state=completed",
    "/orders?subscription={subscription_id}",
    "/orders?product={product_id}",
    "/orders/new?subscription={subscription_id}",
    "/orders/new?q=tenant",
    "/orders/new?subscription={subscription_id}&again={order_id}",
    "/order-requests?state=all",
    "/order-requests/new?subscription={subscription_id}",
    "/subscriptions/new?organization={organization_id}",
    "/subscriptions/{subscription_id}/users?q=a&linked=yes",
    "/subscriptions/{subscription_id}/numbers?status=unlinked",
    "/subscriptions/{subscription_id}/numbers?sku=fr-geographic&ends=1",
    "/subscriptions/{subscription_id}/numbers/take?sku=fr-geographic",
    "/subscriptions/{subscription_id}/ledger?sku=fr-geographic",
    "/customers/{reseller_id}/move?q=distributor",
    "/customers/{reseller_id}/move?parent={group_id}",
    "/subscriptions/{subscription_id}/move?q=tenant",
    "/subscriptions/{subscription_id}/move?parent={other_id}",
    "/overview/{reseller_id}",
    "/inventory?sku=fr-geographic&status=assigned",
    "/events?type=order.*",
    "/audit?verb=order",
)


class Shop:
    """A provider with one or two of everything; `more` makes them several."""

    def __init__(self, world: World) -> None:
        self.world = world
        stage = Furnished(world)
        self.ids: dict[str, Any] = {
            "format": "csv",
            "organization_id": world.tenant.id,
            "group_id": world.group.id,
            "reseller_id": world.reseller.id,
            "other_id": make_organization("tenant", world.reseller).id,
            "subscription_id": world.subscription.id,
            "product_id": world.seat.id,
            "sku_id": world.user_sku.id,
            "user_id": stage.spare["id"],
            "e164": stage.unlinked,
            "number_range_id": range_of(stage.unlinked).id,
            "trunk_id": stage.trunk,
            "country": "BE",
            "number": "112",
            "member_id": join(make_person(), world.tenant, AGENT).id,
        }
        self._add(1)

    def more(self) -> None:
        """Several of each thing, also of what stands within an order, a request or a batch."""
        for _ in range(3):
            self._add(4)

    def _add(self, each: int) -> None:
        world, mark = self.world, new_id().hex[-8:]
        lines = []
        for number in range(each):
            sku = world.sku(f"s-{mark}-{number}", "entitlement", "number", "FR", "geographic")
            product = world.product(f"p-{mark}-{number}", {sku: 1, world.user_sku: 1})
            lines.append(line(product, 2))
        self.ids["order_id"] = placed(world, *lines)["id"]
        revise(world.seat, {world.user_sku: each, french(world): 1})
        self._customers(mark, each)
        self._use(mark, each)
        self._trunks(mark, each)
        for _ in range(each):
            self.ids["port_request_id"] = port_requested(world, "in", block(1))["id"]
        self.ids["order_request_id"] = request_order(
            world.actor("tenant"),
            subscription_id=world.subscription.id,
            lines=tuple(Line(UUID(each["product_id"]), 1) for each in lines),
            note=None,
        ).body["id"]

    def _customers(self, mark: str, each: int) -> None:
        world = self.world
        tenant = make_organization("tenant", world.reseller)
        make_subscription(world.tenant, f"Site {mark}")
        other = make_subscription(tenant, f"Site {mark}")
        placed(world, line(world.seat, each), subscription=other)
        entitle(world, each, other)
        assert assign(world, *stock(world, each), subscription=other).status_code == 201
        for organization in (world.group, world.tenant):
            join(make_person(), organization, AGENT)
            given: dict[str, Any] = {"organization_id": organization.id}
            email = f"{mark}@example.com"
            wanted = invite_member(world.actor(), email=email, role=AGENT, **given)
            made = create_client(world.actor(), name=mark, scopes=["orders:read"], **given)
        self.ids |= {"invitation_id": wanted.body["id"], "client_id": made.body["id"]}

    def _use(self, mark: str, each: int) -> None:
        world = self.world
        for index, number in enumerate(equip(world, each, each)):
            linked(world, created(world, f"anna-{mark}-{index}"), number)
        entitle(world, each)
        assert assign(world, *stock(world, each)).status_code == 201
        stock(world, each)
        rows = [row(f"carl-{mark}-{index}") for index in range(each)]
        self.ids["job_id"] = submitted(world, [*rows, {"login": ""}])
        work()
        self.ids["bulk_id"] = done_job(world, "resume", world.tenant)["id"]

    def _trunks(self, mark: str, each: int) -> None:
        world = self.world
        make_trunk(world, name=mark)
        order_channels(world, 2 * each)
        entitle(world, each)
        numbers = stock(world, each)
        assert assign(world, *numbers).status_code == 201
        trunk = self.ids["trunk_id"]
        for index, number in enumerate(numbers):
            route = f"/subscriptions/{world.subscription.id}/trunks/{trunk}/numbers/{number}"
            assert world.call("PUT", route).status_code == 200
            admitted(world, trunk, f"over-{mark}-{index}", f"live-{mark}-{index}")
            end(world, trunk, f"over-{mark}-{index}")


def addresses(ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(Name, address) of every page, and as it is asked otherwise."""
    own = {pattern.name for pattern in account.urlpatterns} - {"settings", "security"}
    for name, parameters in _named(urlpatterns, ()):
        if name not in own | OTHERS:
            yield name, reverse(name, kwargs={each: ids[each] for each in parameters})
    for wanted in WANTED:
        yield wanted, wanted.format(**ids)


def _named(
    patterns: Sequence[URLPattern | URLResolver], outer: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        parameters = (*outer, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from _named(pattern.url_patterns, parameters)
        else:
            yield pattern.name or "", parameters


def cost(client: Client, address: str) -> int | None:
    """Its statements; None for what is not read or not for this person."""
    mark = "&" if "?" in address else "?"
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"{address}{mark}once={new_id()}")
        b"".join(answer)  # the rows of an export come as they are read
    assert answer.status_code in (200, 403, 404, 405, 409), (address, answer.status_code)
    return len(captured) if answer.status_code == 200 else None


Costs = dict[tuple[str, str], int]
"""Of each page (for whom, which), leaving out what is not read or not for this person."""


def test_no_page_costs_more_with_more_rows(world: World) -> None:
    shop = Shop(world)
    clients = {
        kind: signed_in(make_person((getattr(world, kind), ADMINISTRATOR)))
        for kind in ("group", "tenant")
    }
    for _, address in addresses(shop.ids):
        cost(clients["group"], address)  # what is looked up once for the whole process
    few = _costs(clients, shop)
    shop.more()
    many = _costs(clients, shop)
    assert {key: (few[key], many.get(key)) for key in few if few[key] != many.get(key)} == {}
    assert len(few) >= 130 and max(few.values()) <= MOST


def _costs(clients: dict[str, Client], shop: Shop) -> Costs:
    return {
        (kind, name): count
        for kind, client in clients.items()
        for name, address in addresses(shop.ids)
        if (count := cost(client, address)) is not None
    }
