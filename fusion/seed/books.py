"""The books of one provider while its history is made up: holdings, balances, entry numbers.

Flat arrays, not objects: a hundred thousand subscriptions take some tens of megabytes. The rule
is that of `ordering/decide.sql`, as far as nothing is in use.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from fusion.seed.provider import ASSORTMENT, REVISIONS, Provider


@dataclass(slots=True)
class Line:
    """A line of an order: `slot` in the subscriber's assortment; `taken` as (revision, quantity).

    `revision` is 0 for a removal, which takes what it finds.
    """

    slot: int
    revision: int
    quantity: int
    taken: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry: the position of its line, the SKU's index, what changed, and how it stands then."""

    position: int
    sku: int
    change: int
    sequence: int
    granted: int


def _zeros(count: int) -> "array[int]":
    return array("q", bytes(8 * count))


class Books:
    """Who holds what, and what is granted to whom."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._skus = len(provider.skus)
        count = len(provider.subscribers)
        self._held = _zeros(count * ASSORTMENT * REVISIONS)
        self._granted = _zeros(count * self._skus)
        self._sequence = _zeros(count * self._skus)
        self._touched = bytearray(count * ASSORTMENT * REVISIONS)

    def held(self, subscriber: int, slot: int) -> int:
        """How many of a product a subscription holds, over all revisions."""
        first = (subscriber * ASSORTMENT + slot) * REVISIONS
        return sum(self._held[first : first + REVISIONS])

    def post(self, subscriber: int, lines: list[Line]) -> list[Posting]:
        """Apply an order that is allowed: additions first. Tells the entries, in ledger order."""
        assortment = self._provider.assortment(subscriber)
        postings: list[Posting] = []
        for addition in (True, False):
            for position, line in enumerate(lines, 1):
                if bool(line.revision) is addition:
                    revisions = self._provider.offers[assortment[line.slot]].revisions
                    moves = self._move(subscriber, line)
                    changes: dict[int, int] = {}
                    for revision, quantity in moves:
                        for sku, each in revisions[revision - 1].items:
                            changes[sku] = changes.get(sku, 0) + quantity * each
                    postings += self._enter(subscriber, position, changes)
        return postings

    def _move(self, subscriber: int, line: Line) -> list[tuple[int, int]]:
        first = (subscriber * ASSORTMENT + line.slot) * REVISIONS
        if line.revision:
            moves = [(line.revision, line.quantity)]
        else:
            line.taken = tuple(self._take(first, line.quantity))
            moves = [(revision, -quantity) for revision, quantity in line.taken]
        for revision, quantity in moves:
            self._held[first + revision - 1] += quantity
            self._touched[first + revision - 1] = 1
        return moves

    def _take(self, first: int, quantity: int) -> Iterator[tuple[int, int]]:
        """What a removal takes: the newest revision first."""
        for revision in range(REVISIONS, 0, -1):
            taken = min(quantity, self._held[first + revision - 1])
            if taken:
                quantity -= taken
                yield revision, taken

    def _enter(self, subscriber: int, position: int, changes: dict[int, int]) -> Iterator[Posting]:
        for sku in sorted(changes):
            at = subscriber * self._skus + sku
            self._granted[at] += changes[sku]
            self._sequence[at] += 1
            yield Posting(position, sku, changes[sku], self._sequence[at], self._granted[at])

    def balances(self) -> Iterator[tuple[int, int, int, int]]:
        """(subscriber, SKU index, granted, sequence) of every balance that has an entry."""
        for at, sequence in enumerate(self._sequence):
            if sequence:
                subscriber, sku = divmod(at, self._skus)
                yield subscriber, sku, self._granted[at], sequence

    def holdings(self) -> Iterator[tuple[int, int, int, int]]:
        """(subscriber, index of the offer, revision, quantity) of whatever was ever held."""
        for at, touched in enumerate(self._touched):
            if touched:
                product, revision = divmod(at, REVISIONS)
                subscriber, slot = divmod(product, ASSORTMENT)
                offer = self._provider.assortment(subscriber)[slot]
                yield subscriber, offer, revision + 1, self._held[at]
