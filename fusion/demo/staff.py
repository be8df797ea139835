"""The use of the customers' orders in the demo: numbers, users and trunks."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.demo import story
from fusion.demo.installation import REASON
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import Problem
from fusion.numbers.assign import assign_numbers
from fusion.numbers.create_range import create_range
from fusion.numbers.models import Number
from fusion.numbers.release import release_number
from fusion.trunks.create_trunk import create_trunk
from fusion.trunks.route_number import route_number
from fusion.users.batch_row import rows_of_list
from fusion.users.delete_user import delete_user
from fusion.users.models import User
from fusion.users.provision import provision_batch
from fusion.users.submit_batch import submit_batch

SIZE = 5_000
"""Numbers of each range."""

ATTEMPTS = 8
"""Blocks of numbers to try: an earlier demo may have used some."""

LINKED = 90
"""Per cent of those numbers that are linked to users, up to the licences."""

MOST = 250
"""Most numbers of one SKU for one customer."""

BALANCES = """
SELECT b.sku, b.granted, b.used
FROM tenancy_subscription s
JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
WHERE s.id = %s::uuid ORDER BY b.sku
"""


def write_inventory(actor: Actor) -> set[str]:
    """A range of free numbers for each SKU with one in the story; returns the codes of the SKUs."""
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


class Staff:
    """The customers' numbers, users with numbers, and trunks."""

    def __init__(self, actor: Actor, stocked: set[str]) -> None:
        """`stocked`: the SKUs whose numbers are in stock."""
        self._actor = actor
        self._stocked = stocked
        self._names = _names()
        self._trunks: dict[UUID, UUID] = {}
        self._logins: set[tuple[UUID, str]] = set()
        self.gone: set[UUID] = set()
        """Terminated subscriptions."""

    def trunks(self) -> dict[UUID, int]:
        """The ordered channels for each trunk."""
        found = {}
        for subscription, trunk in self._trunks.items():
            channels = _balances(subscription).get("sip-channel", (0, 0))[0]
            if channels:
                found[trunk] = channels
        return found

    def trunk_of(self, subscription: UUID) -> UUID | None:
        """The subscription's trunk, if it has channels."""
        return self._trunks.get(subscription)

    def put_to_use(self, subscription: UUID, share: int) -> None:
        """Assign numbers up to that percentage of the ordered ones; most get users."""
        balances = _balances(subscription)
        for sku in sorted(self._stocked & balances.keys()):
            granted, used = balances[sku]
            quantity = min(granted * share // 100, MOST) - used
            if quantity > 0:
                assign_numbers(
                    self._actor, subscription_id=subscription, sku=sku, quantity=quantity
                )
        granted, used = balances.get("user", (0, 0))
        linked, spare = _numbers(subscription)
        users = min(granted - used, (linked + len(spare)) * LINKED // 100 - linked)
        if users > 0:
            self._link(subscription, spare[:users])
        if balances.get("sip-channel", (0, 0))[0] and subscription not in self._trunks:
            self._connect(subscription, spare[max(users, 0) :])

    def part_with(self, subscription: UUID, count: int) -> None:
        """Delete some users; their numbers stay assigned, for others."""
        users = User.objects.unscoped(REASON).filter(subscription_id=subscription, kind="user")
        for id in users.order_by("id").values_list("id", flat=True)[:count]:
            delete_user(self._actor, subscription_id=subscription, user_id=id)

    def halve(self, subscription: UUID) -> None:
        """Delete half of the users, and release their numbers."""
        linked, _ = _numbers(subscription)
        self.part_with(subscription, linked // 2)
        for e164 in _numbers(subscription)[1]:
            release_number(self._actor, subscription_id=subscription, e164=e164)

    def _link(self, subscription: UUID, numbers: Sequence[str]) -> None:
        rows = [{**self._someone(subscription), "number": number} for number in numbers]
        answer = submit_batch(self._actor, subscription_id=subscription, rows=rows_of_list(rows))
        job = answer.body["id"]
        while provision_batch(UUID(job)):
            pass

    def _someone(self, subscription: UUID) -> dict[str, str]:
        """A login that the subscription does not have: resource accounts first, then people."""
        for name in story.ACCOUNTS:
            login = name.lower().replace(" ", "-")
            if (subscription, login) not in self._logins:
                self._logins.add((subscription, login))
                return {"login": login, "display_name": name, "kind": "resource_account"}
        while True:
            first, last = next(self._names)
            login = f"{first}.{last}".lower()
            if (subscription, login) not in self._logins:
                self._logins.add((subscription, login))
                return {"login": login, "display_name": f"{first} {last}", "kind": "user"}

    def _connect(self, subscription: UUID, spare: Sequence[str]) -> None:
        answer = create_trunk(
            self._actor, subscription_id=subscription, name=story.TRUNK, country="BE"
        )
        self._trunks[subscription] = trunk = UUID(answer.body["id"])
        for e164 in spare[: len(spare) // 2]:
            route_number(self._actor, subscription_id=subscription, trunk_id=trunk, e164=e164)


def _balances(subscription: UUID) -> dict[str, tuple[int, int]]:
    """SKU → (granted, used)."""
    return {sku: (granted, used) for sku, granted, used in fetch_rows(BALANCES, [subscription])}


def _numbers(subscription: UUID) -> tuple[int, list[str]]:
    """How many numbers have a user, and the numbers that have neither a user nor a trunk."""
    numbers = Number.objects.unscoped(REASON).filter(
        subscription_id=subscription, status="assigned"
    )
    spare = numbers.filter(user_id=None, trunk_id=None).order_by("e164")
    return numbers.exclude(user_id=None).count(), list(spare.values_list("e164", flat=True))


def _names() -> Iterator[tuple[str, str]]:
    """First and last names; every pair once before any repetition."""
    while True:
        for step in range(len(story.LAST)):
            for position, first in enumerate(story.FIRST):
                yield first, story.LAST[(position + step) % len(story.LAST)]
