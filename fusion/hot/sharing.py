"""Transactions that several callers share: calls that arrive while others are being committed.

A call that finds no leader goes at once, alone. Calls that arrive meanwhile wait; when it is done,
the first of them leads the next transaction and takes the others along. So an idle system waits for
nothing, and a busy one commits less often.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Any

from fusion.kernel.postgresql.connections import NoResponse

MOST = 64
"""Most calls in one transaction."""

LEADERS = 2
"""Such transactions at the same time: one is prepared while the other is committed."""

PATIENCE = 60.0
"""Seconds that a call waits for its leader: longer than any statement may run."""


class Waiting[Call]:
    """A call and, once it was made, its outcome; None if it must go alone.

    `names` are its idempotency key and references: no two calls with one of them share a
    transaction.
    """

    __slots__ = ("_woken", "began", "call", "error", "leads", "names", "outcome")

    def __init__(self, call: Call, names: frozenset[str]) -> None:
        self.call = call
        self.names = names
        self.began = perf_counter()
        self.outcome: Any = None
        self.error: BaseException | None = None
        self.leads = False
        self._woken = Lock()
        self._woken.acquire()

    def wait(self) -> None:
        """Until somebody calls `wake`; raises NoResponse, and the outcome is unknown."""
        if not self._woken.acquire(timeout=PATIENCE):
            raise NoResponse(f"The transaction was not finished within {PATIENCE:g} seconds.")

    def wake(self) -> None:
        """Called exactly once, also if nobody waits any more."""
        self._woken.release()


class SharedTransactions[Call]:
    """The calls of one kind and group in this process."""

    def __init__(
        self,
        alone: Callable[[Call], Any],
        together: Callable[[list[Waiting[Call]]], None],
        observe: Callable[[int, float], None],
    ) -> None:
        """`alone` makes a call and returns its outcome; `together` makes several and sets the
        outcomes of those that it could make, or their errors. `observe` gets the number of calls in
        each transaction, and how many seconds its leader waited.
        """
        self._alone = alone
        self._together = together
        self._observe = observe
        self._waiting: deque[Waiting[Call]] = deque()
        self._leaders = 0
        self._lock = Lock()

    def make(self, call: Call, names: frozenset[str] = frozenset()) -> Any:
        """The outcome of the call, made alone or with others. Raises what making it raises."""
        mine = Waiting(call, names)
        with self._lock:
            mine.leads = self._leaders < LEADERS
            if mine.leads:
                self._leaders += 1
            else:
                self._waiting.append(mine)
        if not mine.leads:
            mine.wait()
        if mine.leads:
            shared = [mine, *self._take_along(mine)]
            try:
                self._observe(len(shared), perf_counter() - mine.began)
                if len(shared) == 1:
                    return self._alone(call)
                self._together(shared)
            except BaseException as error:
                # It may have come after the commit: to make a call again could make it twice.
                for other in shared[1:]:
                    other.error = error
                raise
            finally:
                self._leave()
                for other in shared[1:]:
                    other.wake()
        if mine.error is not None:
            raise mine.error
        return self._alone(call) if mine.outcome is None else mine.outcome

    def _leave(self) -> None:
        """Pass the lead to the first call that waits, if there is one."""
        with self._lock:
            if not self._waiting:
                self._leaders -= 1
                return
            following = self._waiting.popleft()
        following.leads = True
        following.wake()

    def _take_along(self, mine: Waiting[Call]) -> list[Waiting[Call]]:
        """The calls that wait, except those that have a name in common with one before them."""
        if not self._waiting:
            return []
        names = set(mine.names)
        taken: list[Waiting[Call]] = []
        left: deque[Waiting[Call]] = deque()
        with self._lock:
            for each in self._waiting:
                if len(taken) + 1 < MOST and names.isdisjoint(each.names):
                    taken.append(each)
                    names |= each.names
                else:
                    left.append(each)
            self._waiting = left
        return taken
