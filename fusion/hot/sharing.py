"""Transactions that several callers share: calls that arrive while others are being committed.

A call that finds no leader goes at once, alone. Calls that arrive meanwhile wait; when it is done,
the first of them leads the next transaction and takes the others along. So an idle system waits for
nothing, and a busy one commits less often. A leader that takes longer waits for somebody's lock:
then another call leads, so that the others wait no longer than `SOON`.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Any

from fusion.kernel.postgresql.connections import NoResponse

MOST = 64
"""Most calls in one transaction."""

SOON = 0.05
"""Seconds that calls wait for a leader before another one leads: many times what a transaction
takes that waits for no lock."""

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

    def wait(self, seconds: float) -> bool:
        """Until somebody calls `wake`; whether that was within so many seconds."""
        return self._woken.acquire(timeout=seconds)

    def wake(self) -> None:
        """Called at most once, also if nobody waits any more."""
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
        self._leads: dict[Waiting[Call], float] = {}
        self._lock = Lock()

    def make(self, call: Call, names: frozenset[str] = frozenset()) -> Any:
        """The outcome of the call, made alone or with others. Raises what making it raises."""
        mine = Waiting(call, names)
        with self._lock:
            if not self._lead(mine):
                self._waiting.append(mine)
        if not mine.leads:
            self._follow(mine)
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
                self._leave(mine)
                for other in shared[1:]:
                    other.wake()
        if mine.error is not None:
            raise mine.error
        return self._alone(call) if mine.outcome is None else mine.outcome

    def _lead(self, each: Waiting[Call]) -> bool:
        """Make it a leader, unless another one will soon be done. The caller holds the lock."""
        now = perf_counter()
        each.leads = all(now - since > SOON for since in self._leads.values())
        if each.leads:
            self._leads[each] = now
        return each.leads

    def _follow(self, mine: Waiting[Call]) -> None:
        """Wait until a leader has taken the call along, or until it leads itself.

        Raises NoResponse, and the outcome is unknown.
        """
        while not mine.wait(SOON):
            with self._lock:
                if mine in self._waiting and self._lead(mine):
                    self._waiting.remove(mine)
                    return
            if perf_counter() - mine.began > PATIENCE:
                raise NoResponse(f"The transaction was not finished within {PATIENCE:g} seconds.")

    def _leave(self, mine: Waiting[Call]) -> None:
        """Pass the lead to the first call that waits, unless another leader will soon be done."""
        with self._lock:
            del self._leads[mine]
            if not self._waiting or not self._lead(self._waiting[0]):
                return
            following = self._waiting.popleft()
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
