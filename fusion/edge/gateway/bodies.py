"""Reading a body without a thread: Granian tells when more of it has come."""

from asyncio import CancelledError
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from fusion.edge.gateway.terms import SMALL

TOTAL = 128 * 1024 * 1024
"""Bytes that the larger bodies of one process may take up together."""

CHECKED_AFTER = 0.5
"""Seconds that a small body may take before its sender is looked up."""


class Outcome(Protocol):
    """What is called once with how the reading has ended."""

    def __call__(self, body: bytes | None, failure: str) -> None:
        """`body`, or None and one of `LATE`, `LARGE`, `FULL`, `BROKEN`."""


LATE, LARGE, FULL, BROKEN = "late", "large", "full", "broken"


class Memory:
    """How many bytes are held of bodies that are larger than `SMALL`."""

    def __init__(self, total: int = TOTAL) -> None:
        self.free = total
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Whether `size` bytes were still free; they are then taken."""
        with self._lock:
            if size > self.free:
                return False
            self.free -= size
            return True

    def give(self, size: int) -> None:
        """Give `size` bytes back."""
        with self._lock:
            self.free += size


class Reading:
    """One body on its way. `end` is called in one of Granian's threads, or by who ends it early.

    When it has ended it refers to nothing of Granian's any more: a future refers to its callback,
    and only when the request is let go does Granian close a connection whose body was not read.
    """

    def __init__(
        self, proto: Any, declared: int | None, limit: int, seconds: float, end: Outcome
    ) -> None:
        self.proto = proto
        self.declared = declared
        self.limit = limit
        self.deadline = monotonic() + seconds
        self._end: Outcome | None = end
        self._future: Any = None
        self._lock = Lock()

    def start(self) -> None:
        """Begin; the body may be there before this returns."""
        self._await(self.proto())

    def stop(self, failure: str) -> None:
        """End the reading before the body is there, unless it has ended."""
        end = self.claim()
        if end is not None:
            end(None, failure)

    def claim(self) -> Outcome | None:
        """What is to be called at the end, for the first who asks; the reading has then ended."""
        with self._lock:
            end, future, self.proto = self._end, self._future, None
            self._end = self._future = None
        if future is not None:
            future.cancel()
        return end

    def _await(self, future: Any) -> None:
        with self._lock:
            if self._end is None:
                return
            self._future = future
        future.add_done_callback(self._got, context=None)

    def _got(self, future: Any) -> None:
        """A small body of a known length comes in one piece."""
        end = self.claim()
        if end is None:
            return
        try:
            body = future.result()
        except (Exception, CancelledError):
            end(None, BROKEN)
        else:
            end(body, "")


class PieceReading(Reading):
    """A large body or one of unknown length, piece by piece, counted as it comes."""

    def __init__(self, memory: Memory, *given: Any) -> None:
        super().__init__(*given)
        self.memory = memory
        self.held = 0
        self.size = 0
        self.pieces: list[bytes] = []

    def start(self) -> None:
        """Begin; the body may be there before this returns."""
        self._more(self.proto.__aiter__())

    def free(self) -> None:
        """Give back the memory that the body has taken."""
        self.pieces.clear()
        self.memory.give(self.held)
        self.held = 0

    def _more(self, source: Any) -> None:
        if source is not None:
            self._await(source.__anext__())

    def _got(self, future: Any) -> None:
        try:
            piece = future.result()
        except (Exception, CancelledError):
            return self.stop(BROKEN)
        if not piece:
            return self._finish(self.proto)
        self.size += len(piece)
        if self.size > self.limit:
            return self.stop(LARGE)
        if self.size > SMALL and not self._hold(self.size - self.held):
            return self.stop(FULL)
        self.pieces.append(piece)
        return self._more(self.proto)

    def _hold(self, size: int) -> bool:
        if not self.memory.take(size):
            return False
        self.held += size
        return True

    def _finish(self, source: Any) -> None:
        """The last piece is empty, and so is one that stands for an error or for trailers: only
        after the last one there is nothing more to wait for."""
        try:
            if source is not None:
                source.__anext__()
        except StopAsyncIteration:
            whole = self.declared is None or self.size == self.declared
        else:
            whole = False
        if not whole:
            return self.stop(BROKEN)
        end = self.claim()
        if end is not None:
            body = b"".join(self.pieces)
            self.pieces.clear()
            end(body, "")
        return None


class Draining(PieceReading):
    """What is left of a body that nobody wants: thrown away, so that the answer arrives."""

    def start(self) -> None:
        """Begin, or go on where the body was read in part."""
        with suppress(Exception):
            self.proto.__aiter__()
        with suppress(StopAsyncIteration):
            self._more(self.proto)

    def _got(self, future: Any) -> None:
        try:
            piece = future.result()
        except (Exception, CancelledError):
            return self.stop(BROKEN)
        self.size += len(piece)
        if not piece or self.size > self.limit:
            return self.stop("")
        return self._more(self.proto)
