"""A world with a history: half a year of orders, links, calls, reductions, moves and a termination,
on days before today. Created once for each process of the run; tests must not change it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.adapt import Loader
from psycopg.types.numeric import NumericLoader

from fusion.kernel.clock import instant
from fusion.kernel.past import movable_clock
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.numbers.sweep import sweep_numbers
from fusion.ordering.approve_request import approve_request
from fusion.ordering.place import Line
from fusion.ordering.reject_request import reject_request
from fusion.ordering.request_order import request_order
from fusion.reporting.rollup import fill_history
from fusion.tenancy.models import Organization, Subscription
from fusion.trunks.sweep import sweep_calls
from tests.ordering.placing import line, placed
from tests.trunks.calling import admitted, end, order_channels, trunk_id
from tests.users.staff import created, equip, linked, row, submitted, unlink, work
from tests.world import World, make_organization, make_subscription

BEGAN = 200
"""Days ago."""


@dataclass
class Past:
    """The history: `calls` is (organization id, day) → the peak of concurrent calls."""

    world: World
    go_to: Callable[[datetime], None]
    today: datetime
    branch: Subscription = field(init=False)
    ended: Subscription = field(init=False)
    trunks: dict[UUID, str] = field(default_factory=dict)
    users: dict[UUID, list[dict[str, Any]]] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    requests: list[UUID] = field(default_factory=list)
    job: str = ""
    calls: dict[tuple[UUID, date], int] = field(default_factory=dict)
    moves: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Of a customer of the reseller, of one of the distributor, and one that was terminated."""
        return (self.world.subscription, self.branch, self.ended)

    def organizations(self) -> list[Organization]:
        """All of the group."""
        return list(Organization.objects.unscoped("test").filter(group_id=self.world.group.id))

    def path_at(self, subscription: Subscription, at: datetime) -> str:
        """The path that the subscription had."""
        if subscription is not self.branch:
            return subscription.path
        return next((path for moved, path in self.moves if at < moved), subscription.path)

    def day(self, ago: int, hours: float = 9) -> datetime:
        """An instant `ago` days before today, UTC."""
        return self.today - timedelta(days=ago) + timedelta(hours=hours)

    def on(self, ago: int, hours: float = 9) -> None:
        """Set the clock to that time."""
        self.go_to(self.day(ago, hours))


Step = tuple[int, Callable[[], object]]
"""Days ago, and what was done then."""


def _openings(past: Past) -> list[Step]:
    world = past.world
    beside = make_organization("tenant", world.group, "Ended customer")
    under = make_organization("tenant", world.distributor, "Branch customer")
    past.ended, past.branch = make_subscription(beside, "Ended"), make_subscription(under, "Branch")
    return [
        (BEGAN - 5 - 40 * position, partial(_open, past, subscription))
        for position, subscription in enumerate(past.subscriptions)
    ]


def _open(past: Past, subscription: Subscription) -> None:
    world = past.world
    numbers = equip(world, 10, 6, subscription)
    order_channels(world, 4, subscription)
    past.trunks[subscription.id] = trunk_id(world, subscription=subscription)
    past.users[subscription.id] = [
        linked(world, created(world, f"user-{each}", subscription=subscription), number)
        for each, number in enumerate(numbers)
    ]


def _move(past: Past, ago: int, parent: Organization) -> None:
    """The customer of the distributor moves, and its subscription along with it."""
    tenant = past.branch.tenant_id
    past.moves.append((past.day(ago, 10), past.branch.path))
    body = {"parent_id": str(parent.id)}
    response = past.world.call("POST", f"/organizations/{tenant}/move", body)
    assert response.status_code == 200, response.content
    past.branch.refresh_from_db(from_queryset=Subscription.objects.unscoped("test"))


def _order(past: Past, quantity: int) -> None:
    past.orders.append(placed(past.world, line(past.world.seat, quantity))["id"])


def _ask(past: Past) -> None:
    """Three requests: one approved, one rejected, one open."""
    world = past.world
    lines = (Line(world.seat.id, 1),)
    query = [
        request_order(
            world.actor("tenant"), subscription_id=world.subscription.id, lines=lines
        ).body
        for _ in range(3)
    ]
    past.requests = [UUID(str(each["id"])) for each in query]
    approve_request(world.actor(), request_id=past.requests[0])
    reject_request(world.actor(), request_id=past.requests[1], reason="Not now.")


def _call(past: Past, subscription: Subscription, ago: int, count: int) -> None:
    """Concurrent calls, for a minute."""
    for number in range(count):
        admitted(past.world, past.trunks[subscription.id], f"{ago}-{number}")
    past.on(ago, 10 + 1 / 60)
    for number in range(count):
        end(past.world, past.trunks[subscription.id], f"{ago}-{number}")
    day = past.day(ago).date()
    for part in subscription.path.strip("/").split("/"):
        key = (UUID(part), day)
        past.calls[key] = max(past.calls.get(key, 0), count)


def _only(past: Past, kind: str, quantity: int, subscription: Subscription) -> None:
    """Order licences or numbers; remove them if the quantity is negative."""
    product = past.world.equipment[kind == "number"]  # type: ignore[attr-defined]
    wanted = line(product, abs(quantity), "add" if quantity > 0 else "remove")
    past.orders.append(placed(past.world, wanted, subscription=subscription)["id"])


def _post(past: Past, subscription: Subscription, action: str) -> None:
    response = past.world.call("POST", f"/subscriptions/{subscription.id}/{action}")
    assert response.status_code == 200, response.content


def _unlink(past: Past) -> None:
    assert unlink(past.world, past.users[past.world.subscription.id][0]).status_code in (200, 204)


def _relink(past: Past) -> None:
    user = past.users[past.world.subscription.id][0]
    linked(past.world, user, user["number"])


def _schedule(past: Past, ago: int) -> None:
    placed(past.world, line(past.world.seat, 2), effective_at=instant(past.day(ago)))


def _try_out(past: Past, ago: int) -> None:
    placed(past.world, line(past.world.seat, 1), ends_at=instant(past.day(ago)))


def _take_back(past: Past) -> None:
    mistake = placed(past.world, line(past.world.seat, 9))["id"]
    past.orders.append(mistake)
    assert past.world.call("POST", f"/orders/{mistake}/reverse").status_code == 201


def _upload(past: Past) -> None:
    past.job = submitted(past.world, [row("carl"), row("user-1"), {"login": ""}])
    work()


def _steps(past: Past) -> list[Step]:
    main = past.world.subscription
    buyer = make_organization("reseller", past.world.group, "Buyer")
    return [
        *_openings(past),
        *(
            (ago, partial(_order, past, more))
            for ago, more in ((110, 3), (88, 2), (35, 1), (12, 5))
        ),
        (100, lambda: _call(past, main, 100, 3)),
        (86, lambda: _unlink(past)),
        (80, lambda: _only(past, "user", -3, main)),
        (75, lambda: _call(past, past.branch, 75, 2)),
        (70, lambda: _post(past, main, "suspend")),
        (69, lambda: _post(past, main, "resume")),
        (60, lambda: _ask(past)),
        (55, lambda: order_channels(past.world, -1)),
        (50, lambda: _call(past, past.ended, 50, 1)),
        (45, lambda: _post(past, past.ended, "terminate")),
        (40, lambda: _relink(past)),
        (33, lambda: _move(past, 33, buyer)),
        (31, lambda: _call(past, past.branch, 31, 1)),
        (30, lambda: _schedule(past, 25)),
        (28, lambda: _try_out(past, 15)),
        (25, apply_due_orders),
        (22, lambda: _take_back(past)),
        (15, apply_due_orders),
        (20, lambda: _upload(past)),
        (10, lambda: _call(past, main, 10, 2)),
        (9, lambda: _only(past, "number", 4, past.branch)),
        (6, lambda: _only(past, "number", -3, past.branch)),
        (5, lambda: _move(past, 5, past.world.distributor)),
        (1, lambda: _call(past, main, 1, 1)),
    ]


@cache
def make_past() -> Past:
    """The history of a separate world, which no test may change."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with movable_clock() as go_to:
        go_to(today - timedelta(days=BEGAN))
        past = Past(World(), go_to, today)
        for ago, do in sorted(_steps(past), key=lambda step: -step[0]):
            past.on(ago, 10)
            do()
    sweep_calls()  # other tests count the swept rows
    sweep_numbers()
    fill_history()
    return past


class NumericRead(AssertionError):
    """SQL returned a `numeric` where a page computes with integers."""


class _Refuse(Loader):
    def load(self, data: Any) -> Any:
        raise NumericRead(
            f"a query gave the numeric {bytes(data)!r}: cast it, such as sum(x)::bigint"
        )


@contextmanager
def no_numeric() -> Iterator[None]:
    """Fail on any result that Python would read as a Decimal."""
    connection.ensure_connection()
    adapters = connection.connection.adapters
    adapters.register_loader("numeric", _Refuse)
    try:
        yield
    finally:
        adapters.register_loader("numeric", NumericLoader)
