"""Numbers for tests, and operations on them.

All are of blocks that the French regulator reserves for fiction, and that `phonenumbers` treats as
geographic numbers. The tests share one database: each block is used once.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse

from fusion.catalogue.models import Sku
from fusion.numbers.models import Number, Range
from fusion.tenancy.models import Subscription
from tests.ordering.placing import line, placed
from tests.world import World, answer

FICTION = (33199000000, 33261910000, 33353010000, 33465710000, 33536490000)
"""The first of 10,000 numbers each."""

_starts: dict[int, int] = {}


def block(size: int = 10) -> list[str]:
    """`size` consecutive unused numbers."""
    for base in FICTION:
        start = _starts.get(base) or _next_unused(base)
        if start + size <= base + 10_000:
            _starts[base] = start + size
            return [f"+{number}" for number in range(start, start + size)]
    raise AssertionError("the numbers of fiction are used up: ask for smaller blocks")


def _next_unused(base: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(e164) FROM (SELECT '+' || last AS e164 FROM numbers_range"
            " UNION ALL SELECT e164 FROM numbers_number) x"
            ' WHERE e164 COLLATE "C" >= %s AND e164 COLLATE "C" < %s',
            [f"+{base}", f"+{base + 10_000}"],
        )
        (last,) = cursor.fetchone()
    return int(last[1:]) + 1 if last else base


def french(world: World, code: str = "fr-geographic") -> Sku:
    """The world's SKU of French geographic numbers."""
    found = Sku.objects.unscoped("test").filter(group=world.group, code=code).first()
    return found or world.sku(code, "entitlement", "number", "FR", "geographic")


def stock(world: World, size: int = 10, sku: Sku | None = None) -> list[str]:
    """A range of free numbers of the world, as rows."""
    numbers = block(size)
    sku = sku or french(world)
    range_ = Range(
        group_id=world.group.id, sku=sku, first=int(numbers[0][1:]), last=int(numbers[-1][1:])
    )
    range_.save(force_insert=True)
    Number.objects.unscoped("test").bulk_create(
        Number(e164=e164, group_id=world.group.id, sku_id=sku.id, range_id=range_.id)
        for e164 in numbers
    )
    return numbers


def range_of(e164: str) -> Range:
    """The range that a number belongs to."""
    number = Number.objects.unscoped("test").get(e164=e164)
    assert number.range_id
    return Range.objects.unscoped("test").get(id=number.range_id)


def entitle(
    world: World, quantity: int, subscription: Subscription | None = None, sku: Sku | None = None
) -> None:
    """Order `quantity` entitlements."""
    sku = sku or french(world)
    if not hasattr(world, "entitling"):
        world.entitling = {}  # type: ignore[attr-defined]
    products = world.entitling  # type: ignore[attr-defined]
    if sku.id not in products:
        products[sku.id] = world.product(f"entitlement-{sku.code}", {sku: 1})
    placed(world, line(products[sku.id], quantity), subscription=subscription)


def path(world: World, *parts: str, subscription: Subscription | None = None) -> str:
    """The path of a subscription's numbers."""
    return "/".join(
        chain((f"/subscriptions/{(subscription or world.subscription).id}/numbers",), parts)
    )


def assign(
    world: World,
    *numbers: str,
    subscription: Subscription | None = None,
    key: str | None = None,
    by: Any = None,
    **more: Any,
) -> HttpResponse:
    """POST an assignment: of these numbers, or with the members of `more`."""
    body = {**({"numbers": list(numbers)} if numbers else {}), **more}
    headers = {} if key is None else {"Idempotency-Key": key}
    there = path(world, subscription=subscription)
    return world.call("POST", there, body, by=by, headers=headers)


def assigned(world: World, *numbers: str, **more: Any) -> list[dict[str, Any]]:
    """The documents of the assigned or reserved numbers."""
    response = assign(world, *numbers, **more)
    assert response.status_code == 201, response.content
    items: list[dict[str, Any]] = answer(response)["items"]
    return items


def refused(world: World, before: Any, response: HttpResponse, status: int, code: str) -> Any:
    """The problem of a refusal; checks that nothing changed."""
    problem = answer(response)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert world.fingerprint() == before
    return problem


def number(world: World, e164: str) -> Any:
    """The number as the group sees it; None if it does not exist."""
    response = world.call("GET", f"/numbers/{e164}")
    return answer(response) if response.status_code == 200 else None


def statuses(*numbers: str) -> list[str | None]:
    """The statuses of numbers; None if a number does not exist."""
    found = dict(
        Number.objects.unscoped("test").filter(e164__in=numbers).values_list("e164", "status")
    )
    return [found.get(e164) for e164 in numbers]


def balance(world: World, subscription: Subscription | None = None, sku: Sku | None = None) -> Any:
    """(granted, used)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT granted, used FROM ledger_balance WHERE subscription_id = %s AND sku_id = %s",
            [(subscription or world.subscription).id, (sku or french(world)).id],
        )
        return cursor.fetchone() or (0, 0)


def entries(world: World, e164: str) -> list[str]:
    """The kinds of a number's entries, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind FROM ledger_entry WHERE sku_id = %s AND holder_type = 'number'"
            " AND holder_id = %s ORDER BY at, sequence",
            [french(world).id, e164],
        )
        return [kind for (kind,) in cursor.fetchall()]


def events_of(world: World, e164: str) -> Iterator[tuple[str, str]]:
    """(event type, status in it) of a number, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, data ->> 'status' FROM events_event"
            " WHERE group_id = %s AND subject = %s ORDER BY epoch, xid, id",
            [world.group.id, e164],
        )
        yield from cursor.fetchall()


def run_out(*numbers: str) -> None:
    """Let the time in `until` pass."""
    Number.objects.unscoped("test").filter(e164__in=numbers).update(until="2026-01-01T00:00:00Z")


def link(e164: str, user: UUID | None = None, trunk: UUID | None = None) -> None:
    """As users and trunks would."""
    Number.objects.unscoped("test").filter(e164=e164).update(user_id=user, trunk_id=trunk)
