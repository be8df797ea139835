"""Several callers' calls in one transaction: each has its own answer, and none waits for another's.

What cannot go along has no outcome, and goes alone: see `fusion/hot/sharing.py`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
import pytest
from django.db import connection

from fusion.access.hot_route import HotRoute
from fusion.hot.database import AGAIN, Call, Outcome, make_alone, make_together
from fusion.hot.sharing import Waiting
from fusion.kernel.database import fetch_value
from fusion.kernel.ids import new_id
from fusion.numbers.hot import HOT as NUMBERS
from fusion.ordering.hot import HOT as ORDERS
from fusion.tenancy.models import Subscription
from fusion.trunks.hot import HOT as TRUNKS
from tests.numbers.stock import french, stock
from tests.ordering.placing import line, placed
from tests.trunks.calling import order_channels, trunk_id
from tests.world import World, make_subscription, make_token

[ORDER], [NUMBER] = ORDERS, NUMBERS
ADMIT, END = TRUNKS[:2]


@contextmanager
def held(sql: str, *parameters: Any) -> Iterator[None]:
    """Another transaction has done this, and stays open."""
    settings = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: settings[name] for name in names if settings.get(name)}) as other:
        other.execute(sql.encode(), parameters)
        yield
        other.rollback()


def locked(subscription: Subscription) -> Any:
    """Another transaction has locked the subscription."""
    return held("SELECT FROM tenancy_subscription WHERE id = %s FOR NO KEY UPDATE", subscription.id)


class Party:
    """Calls of one route that go together."""

    def __init__(self, world: World, route: HotRoute) -> None:
        self.world, self.route = world, route
        self.waiting: list[Waiting[Call]] = []

    def add(self, members: dict[str, Any], token: str = "", key: str | None = None) -> None:
        """One call more, of the group unless there is another token."""
        checksum = hashlib.sha256((token or self.world.token(self.world.group)).encode())
        caller = {"request": "test", "key": key, "fingerprint": "00" if key else ""}
        call = Call(self.route, {**caller, **members}, checksum.hexdigest(), False, frozenset())
        self.waiting.append(Waiting(call, frozenset()))

    def order(self, subscription: Subscription, token: str = "", **more: Any) -> None:
        """One order of one seat."""
        key = more.pop("key", None)
        lines = [{"product_id": self.world.seat.id, "action": "add", "quantity": 1}]
        members = {"id": new_id(), "subscription_id": subscription.id, "lines": lines, **more}
        self.add({"external_reference": None, "effective_at": None, **members}, token, key)

    def go(self) -> list[int | None]:
        """The status of each; None for those that must go alone."""
        make_together(self.world.group.id, self.waiting)
        assert [each.error for each in self.waiting] == [None] * len(self.waiting)
        return [each.outcome.status if each.outcome else None for each in self.waiting]

    def alone(self, nth: int) -> int | None:
        """The status of one that goes alone."""
        outcome = make_alone(self.waiting[nth].call)
        return outcome.status if outcome else None


@pytest.fixture
def party(world: World) -> Party:
    """Orders."""
    return Party(world, ORDER)


def test_each_call_has_its_own_answer(world: World, party: Party) -> None:
    other = make_subscription(world.tenant)
    party.order(world.subscription)
    party.order(other, external_reference="PO-1")
    party.order(World().subscription)
    assert party.go() == [201, 201, None]
    outcomes = [each.outcome for each in party.waiting[:2]]
    documents = [orjson.loads(outcome.text) for outcome in outcomes]
    assert [document["subscription_id"] for document in documents] == [
        str(world.subscription.id),
        str(other.id),
    ]
    assert documents[1]["external_reference"] == "PO-1"
    assert {document["placed_by"] for document in documents} == {f"client:{outcomes[0].client}"}
    assert [outcome.is_replay for outcome in outcomes] == [False, False]
    assert party.alone(2) == 404


def test_a_locked_subscription_delays_nobody(world: World, party: Party) -> None:
    other = make_subscription(world.tenant)
    for subscription in (world.subscription, other, world.subscription):
        party.order(subscription)
    with locked(other):
        assert party.go() == [201, None, 201]
    assert party.alone(1) == 201


@pytest.mark.parametrize("kind", ["key", "reference", "gate"])
def test_names_that_others_hold_delay_nobody(world: World, party: Party, kind: str) -> None:
    party.order(world.subscription)
    party.order(world.subscription, external_reference="PO-1", key="K-1")
    group = str(world.group.id)
    name = {
        "key": f"of {group}key:K-1",
        "reference": f"{group}order:PO-1",
        "gate": fetch_value("SELECT ordering_gate(%s::uuid)", [world.group.id]),
    }[kind]
    with held("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name):
        assert party.go() == [None if kind == "gate" else 201, None]
    assert party.alone(1) == 201


def test_a_stored_answer_is_repeated(world: World, party: Party) -> None:
    party.order(world.subscription, key="K-1")
    assert party.go() == [201]
    again = Party(world, ORDER)
    again.order(world.subscription)
    again.order(world.subscription, key="K-1")
    assert again.go() == [201, 201]
    assert [each.outcome.is_replay for each in again.waiting] == [False, True]
    assert again.waiting[1].outcome.text == party.waiting[0].outcome.text


def test_only_callers_with_the_permission_go_along(world: World, party: Party) -> None:
    party.order(world.subscription, token="unknown")
    party.order(world.subscription, token=world.token(world.tenant))
    party.order(world.subscription, token=make_token(world.group, ("orders:read",)))
    party.order(world.subscription, token=make_token(World().group))
    before = world.fingerprint()
    assert party.go() == [None, None, None, None]
    assert world.fingerprint() == before
    assert [party.alone(nth) for nth in range(3)] == [None, None, None]
    party.order(world.subscription, token=make_token(world.group, ("orders:write",)))
    assert party.go() == [None, None, None, None, 201]


def test_a_fault_of_the_database_changes_nothing(world: World, party: Party) -> None:
    """Then each goes alone, and gets its own answer."""
    party.order(world.subscription)
    party.order(world.subscription, id="not an id")
    before = world.fingerprint()
    assert party.go() == [None, None]
    assert world.fingerprint() == before
    assert party.alone(0) == 201
    with pytest.raises(psycopg.DataError):
        party.alone(1)


def test_calls_of_trunks_go_by_their_subscription(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    call = {"trunk_id": trunk, "direction": "outbound", "lease_seconds": 60}
    parties = {"caller": "+33199000000", "callee": "+33199009999"}
    party = Party(world, ADMIT)
    for id in ("a", "b", "c"):
        party.add({**call, "call_id": id, **parties})
    party.add({**call, "call_id": "d", **parties, "trunk_id": new_id()})
    with locked(world.subscription):
        assert party.go() == [None, None, None, None]
    assert party.go() == [201, 201, 409, None]
    ends = Party(world, END)
    for id in ("a", "a", "x"):
        ends.add({**call, "call_id": id})
    assert ends.go() == [204, 204, 204]


def test_numbers_of_several_callers(world: World) -> None:
    numbers = stock(world, 2)
    placed(world, line(world.product("number", {french(world): 1}), 3))
    party = Party(world, NUMBER)
    members = {"subscription_id": world.subscription.id, "status": "assigned"}
    for _ in range(3):
        party.add({**members, "sku": "fr-geographic", "quantity": 1})
    assert party.go() == [201, 201, None]
    assert party.alone(2) == AGAIN
    outcomes: list[Outcome] = [each.outcome for each in party.waiting[:2]]
    found = [orjson.loads(outcome.text)["items"][0]["e164"] for outcome in outcomes]
    assert found == numbers
