"""Calls in shared transactions: each has its own outcome, and nobody is forgotten.

Real threads, with a stand-in for the database that holds each transaction until it is released.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from fusion.hot.sharing import LEADERS, MOST, SharedTransactions, Waiting

pytestmark = pytest.mark.pure

SECONDS = 20


class Commits:
    """Stands for the database: holds each transaction until it is released."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.observed: list[int] = []
        self.begun = threading.Semaphore(0)
        self.allowed = threading.Semaphore(0)
        self.sharing = SharedTransactions[int](self.alone, self.together, self.observe)

    def observe(self, calls: int, waited: float) -> None:
        """Keep what is measured."""
        assert waited >= 0
        self.observed.append(calls)

    def alone(self, call: int) -> int:
        """Make one call."""
        self._hold([call])
        return -call

    def together(self, shared: list[Waiting[int]]) -> None:
        """Make several; a call of 13 finds its subscription locked, one of 99 makes all fail."""
        self._hold([each.call for each in shared])
        if any(each.call == 99 for each in shared):
            raise ZeroDivisionError
        for each in shared:
            if each.call != 13:
                each.outcome = each.call

    def _hold(self, calls: list[int]) -> None:
        self.made.append(calls)
        self.begun.release()
        assert self.allowed.acquire(timeout=SECONDS)

    def end(self, transactions: int = 1) -> None:
        """Let that many transactions commit."""
        self.allowed.release(transactions)

    def end_first(self, others: int) -> None:
        """Let one commit, until the next one has begun, and then `others`."""
        self.end()
        self.until_begun()
        self.end(others)

    def until_begun(self, transactions: int = 1) -> None:
        """Until that many have begun."""
        for _ in range(transactions):
            assert self.begun.acquire(timeout=SECONDS)


@pytest.fixture
def commits() -> Commits:
    """A sharing of its own."""
    return Commits()


@pytest.fixture
def send(commits: Commits) -> Any:
    """Sends a call from a thread of its own."""
    with ThreadPoolExecutor(100) as pool:

        def submit(call: int, *names: str) -> "Future[int]":
            before, full = len(commits.sharing._waiting), commits.sharing._leaders >= LEADERS
            future = pool.submit(commits.sharing.make, call, frozenset(names))
            if full:
                until(lambda: len(commits.sharing._waiting) > before or future.done())
            return future

        yield submit


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    waiting = threading.Event()
    for _ in range(SECONDS * 200):
        if holds():
            return
        waiting.wait(0.005)
    raise AssertionError("it never held")


def busy(commits: Commits, send: Any) -> list["Future[int]"]:
    """All leaders are in a transaction."""
    futures = [send(1000 + leader) for leader in range(LEADERS)]
    commits.until_begun(LEADERS)
    return futures


def test_a_call_that_finds_nobody_goes_at_once_and_alone(commits: Commits, send: Any) -> None:
    future = send(1)
    commits.until_begun()
    commits.end()
    assert future.result(SECONDS) == -1
    assert (commits.made, commits.observed) == ([[1]], [1])


def test_calls_that_come_meanwhile_go_together(commits: Commits, send: Any) -> None:
    first = busy(commits, send)
    futures = [send(call) for call in (1, 2, 3)]
    commits.end_first(LEADERS)
    assert [future.result(SECONDS) for future in futures] == [1, 2, 3]
    assert [future.result(SECONDS) for future in first] == [-1000 - n for n in range(LEADERS)]
    assert commits.made[LEADERS:] == [[1, 2, 3]]
    assert commits.observed == [1] * LEADERS + [3]
    assert commits.sharing._leaders == 0


def test_equal_names_never_share_a_transaction(commits: Commits, send: Any) -> None:
    busy(commits, send)
    futures = [send(1, "a"), send(2, "a", "b"), send(3, "b"), send(4)]
    commits.end_first(LEADERS + 1)
    assert [abs(future.result(SECONDS)) for future in futures] == [1, 2, 3, 4]
    assert sorted(commits.made[LEADERS:]) == [[1, 3, 4], [2]]


def test_no_transaction_has_more_than_the_most(commits: Commits, send: Any) -> None:
    busy(commits, send)
    futures = [send(call) for call in range(100, 100 + MOST + 5)]
    commits.end_first(LEADERS + 5)
    assert [abs(future.result(SECONDS)) for future in futures] == list(range(100, 100 + MOST + 5))
    assert len(commits.made[LEADERS]) == MOST


def test_who_would_have_to_wait_goes_alone(commits: Commits, send: Any) -> None:
    busy(commits, send)
    futures = [send(call) for call in (1, 13, 2)]
    commits.end_first(LEADERS)
    assert [futures[0].result(SECONDS), futures[2].result(SECONDS)] == [1, 2]
    commits.end()
    assert futures[1].result(SECONDS) == -13
    assert commits.made[LEADERS:] == [[1, 13, 2], [13]]


def test_after_a_fault_no_call_is_made_again(commits: Commits, send: Any) -> None:
    """It may have come after the commit. All get the fault, and nobody waits."""
    first = busy(commits, send)
    futures = [send(call) for call in (99, 1, 2)]
    commits.end_first(LEADERS)
    for future in futures:
        with pytest.raises(ZeroDivisionError):
            future.result(SECONDS)
    assert [future.result(SECONDS) for future in first] == [-1000 - n for n in range(LEADERS)]
    assert commits.made[LEADERS:] == [[99, 1, 2]]
    assert commits.sharing._leaders == 0
