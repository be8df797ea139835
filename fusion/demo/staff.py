"""Putting to use what the demonstration's customers have ordered: numbers, users and trunks."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from uuid import UUID

from django.db import connection

from fusion.demo import story
from fusion.kernel.errors import Problem
from fusion.numbers.assign import assign_numbers
from fusion.numbers.create_range import create_range
from fusion.tenancy.actor import Actor
from fusion.trunks.create_trunk import create_trunk
from fusion.trunks.route_number import route_number
from fusion.users.provision import provision_batch
from fusion.users.submit_batch import submit_batch

SIZE = 5_000
"""Numbers of each range."""

ATTEMPTS = 8
"""Blocks that are tried: a demonstration that came to its end has kept its own."""

TAKEN = (72, 100, 45, 88, 20, 96)
"""Per cent of its entitlements that a customer takes, in turn: some have plenty, some run out."""

LINKED = 90
"""Per cent of those numbers that users get, as far as there are licences."""

MOST = 250
"""Numbers of one SKU that one customer takes."""

USED = """
SELECT b.sku, b.granted FROM ledger_balance b WHERE b.subscription_id = %s::uuid ORDER BY b.sku
"""


def write_inventory(actor: Actor) -> set[str]:
    """A range of free numbers for each SKU that has one in the story; the codes of the SKUs."""
    stocked = set()
    for sku, first in story.RANGES:
        for attempt in range(ATTEMPTS):
            start = first + attempt * SIZE
            try:
                create_range(actor, sku=sku, first=f"+{start}", last=f"+{start + SIZE - 1}")
            except Problem:
                continue
            stocked.add(sku)
            break
    return stocked


def put_to_use(actor: Actor, subscriptions: Sequence[str], stocked: set[str]) -> None:
    """Each subscription takes numbers, gives most of them to users, and some to a trunk."""
    names = _names()
    for subscription, share in zip(map(UUID, subscriptions), cycle(TAKEN), strict=False):
        with connection.cursor() as cursor:
            cursor.execute(USED, [subscription])
            granted = dict(cursor.fetchall())
        numbers = _take(actor, subscription, granted, sorted(stocked & granted.keys()), share)
        users = min(granted.get("user", 0), len(numbers) * LINKED // 100)
        spare = numbers[users:]
        if users:
            _link(actor, subscription, numbers[:users], names)
        if granted.get("sip-channel"):
            _connect(actor, subscription, spare[: len(spare) // 2])


def _take(
    actor: Actor, subscription: UUID, granted: dict[str, int], skus: Sequence[str], share: int
) -> list[str]:
    numbers: list[str] = []
    for sku in skus:
        quantity = min(granted[sku] * share // 100, MOST)
        if quantity:
            answer = assign_numbers(actor, subscription_id=subscription, sku=sku, quantity=quantity)
            numbers += [item["e164"] for item in answer.body["items"]]
    return numbers


def _link(
    actor: Actor, subscription: UUID, numbers: Sequence[str], names: Iterator[tuple[str, str]]
) -> None:
    accounts = [(name, "resource_account") for name in story.ACCOUNTS]
    rows = []
    for position, number in enumerate(numbers):
        if position < len(accounts) and len(numbers) > 2 * len(accounts):
            name, kind = accounts[position]
            login = name.lower().replace(" ", "-")
        else:
            (first, last), kind = next(names), "user"
            name, login = f"{first} {last}", f"{first}.{last}".lower()
        rows.append({"login": login, "display_name": name, "kind": kind, "number": number})
    job = UUID(submit_batch(actor, subscription_id=subscription, rows=rows).body["id"])
    while provision_batch(job):
        pass


def _connect(actor: Actor, subscription: UUID, numbers: Sequence[str]) -> None:
    answer = create_trunk(actor, subscription_id=subscription, name=story.TRUNK, country="BE")
    for e164 in numbers:
        route_number(
            actor, subscription_id=subscription, trunk_id=UUID(answer.body["id"]), e164=e164
        )


def _names() -> Iterator[tuple[str, str]]:
    """First and last names, all pairs before any comes again."""
    while True:
        for step in range(len(story.LAST)):
            for position, first in enumerate(story.FIRST):
                yield first, story.LAST[(position + step) % len(story.LAST)]
