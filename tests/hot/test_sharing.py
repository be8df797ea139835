"""Calls in shared transactions: each has its own outcome, and nobody is forgotten.

Real threads, with a stand-in for the database that holds each transaction until it is released.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from fusion.hot import sharing
from fusion.hot.sharing import MOST, SharedTransactions, Waiting

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
def commits(monkeypatch: pytest.MonkeyPatch) -> Commits:
    """A sharing of its own, whose leaders are never late."""
    monkeypatch.setattr(sharing, "SOON", SECONDS)
    return Commits()


@pytest.fixture
def send(commits: Commits) -> Any:
    """Sends a call from a thread of its own."""
    with ThreadPoolExecutor(100) as pool:

        def submit(call: int, *names: str) -> "Future[int]":
            before, is_led = len(commits.sharing._waiting), bool(commits.sharing._leads)
            future = pool.submit(commits.sharing.make, call, frozenset(names))
            if is_led:
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


def busy(commits: Commits, send: Any) -> "Future[int]":
    """A leader is in a transaction."""
    future: Future[int] = send(1000)
    commits.until_begun()
    return future


def test_a_call_that_finds_nobody_goes_at_once_and_alone(commits: Commits, send: Any) -> None:
    future = send(1)
    commits.until_begun()
    commits.end()
    assert future.result(SECONDS) == -1
    assert (commits.made, commits.observed) == ([[1]], [1])


def test_calls_that_come_meanwhile_go_together(commits: Commits, send: Any) -> None:
    first = busy(commits, send)
    futures = [send(call) for call in (1, 2, 3)]
    commits.end_first(1)
    assert [future.result(SECONDS) for future in futures] == [1, 2, 3]
    assert first.result(SECONDS) == -1000
    assert commits.made[1:] == [[1, 2, 3]]
    assert commits.observed == [1, 3]
    assert commits.sharing._leads == {}


def test_equal_names_never_share_a_transaction(commits: Commits, send: Any) -> None:
    busy(commits, send)
    futures = [send(1, "a"), send(2, "a", "b"), send(3, "b"), send(4)]
    commits.end_first(2)
    assert [abs(future.result(SECONDS)) for future in futures] == [1, 2, 3, 4]
    assert sorted(commits.made[1:]) == [[1, 3, 4], [2]]


def test_no_transaction_has_more_than_the_most(commits: Commits, send: Any) -> None:
    busy(commits, send)
    futures = [send(call) for call in range(100, 100 + MOST + 5)]
    commits.end_first(6)
    assert [abs(future.result(SECONDS)) for future in futures] == list(range(100, 100 + MOST + 5))
    assert len(commits.made[1]) == MOST


def test_who_would_have_to_wait_goes_alone(commits: Commits, send: Any) -> None:
    busy(commits, send)
    futures = [send(call) for call in (1, 13, 2)]
    commits.end_first(1)
    assert [futures[0].result(SECONDS), futures[2].result(SECONDS)] == [1, 2]
    commits.end()
    assert futures[1].result(SECONDS) == -13
    assert commits.made[1:] == [[1, 13, 2], [13]]


def test_after_a_fault_no_call_is_made_again(commits: Commits, send: Any) -> None:
    """It may have come after the commit. All get the fault, and nobody waits."""
    first = busy(commits, send)
    futures = [send(call) for call in (99, 1, 2)]
    commits.end_first(1)
    for future in futures:
        with pytest.raises(ZeroDivisionError):
            future.result(SECONDS)
    assert first.result(SECONDS) == -1000
    assert commits.made[1:] == [[99, 1, 2]]
    assert commits.sharing._leads == {}


def test_nobody_waits_for_a_leader_that_waits_itself(
    commits: Commits, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = busy(commits, send)
    futures = [send(call) for call in (1, 2)]
    monkeypatch.setattr(sharing, "SOON", 0)
    with ThreadPoolExecutor() as pool:
        third = pool.submit(commits.sharing.make, 3)  # it leads at once
        commits.until_begun()
        assert commits.made == [[1000], [3, 1, 2]]
        commits.end(2)
        assert first.result(SECONDS) == -1000
        assert [future.result(SECONDS) for future in (*futures, third)] == [1, 2, 3]
    assert commits.sharing._leads == {}


def test_who_waits_leads_when_the_leader_is_late(
    commits: Commits, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "SOON", 0.2)
    first = busy(commits, send)
    future = send(1)
    commits.until_begun()
    commits.end(2)
    assert (future.result(SECONDS), first.result(SECONDS)) == (-1, -1000)
    assert commits.made == [[1000], [1]]
