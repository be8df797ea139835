"""Reading a body without a thread: Granian calls back when more of it has arrived."""

from asyncio import CancelledError
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from fusion.edge.gateway.terms import SMALL

TOTAL = 128 * 1024 * 1024
"""Most bytes that the large bodies of one process may use together."""

CHECKED_AFTER = 0.5
"""Seconds for a small body to arrive before its sender is looked up."""


class Outcome(Protocol):
    """The callback, called once with the outcome of the reading."""

    def __call__(self, body: bytes | None, failure: str) -> None:
        """`body`, or None and one of `LATE`, `LARGE`, `FULL`, `BROKEN`."""


LATE, LARGE, FULL, BROKEN = "late", "large", "full", "broken"


class Memory:
    """Counts the bytes held by bodies larger than `SMALL`."""

    def __init__(self, total: int = TOTAL) -> None:
        self.free = total
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; whether they were free."""
        with self._lock:
            if size > self.free:
                return False
            self.free -= size
            return True

    def give(self, size: int) -> None:
        """Release `size` bytes."""
        with self._lock:
            self.free += size


class Reading:
    """A body being received. `end` is called in one of Granian's threads, or by the code that stops
    it early.

    After the end it refers to none of Granian's objects: a future refers to its callback, and
    Granian closes a connection with an unread body only when the request is released.
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
        """Stop before the body is complete, unless it has ended."""
        end = self.claim()
        if end is not None:
            end(None, failure)

    def claim(self) -> Outcome | None:
        """The callback, for the first caller only; the reading has then ended."""
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

    def __init__(self, memory: Memory, *args: Any) -> None:
        super().__init__(*args)
        self.memory = memory
        self.held = 0
        self.size = 0
        self.pieces: list[bytes] = []

    def start(self) -> None:
        """Begin; the body may be there before this returns."""
        self._more(self.proto.__aiter__())

    def free(self) -> None:
        """Release the memory that the body has reserved."""
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
        if self.size > SMALL and not self._reserve(self.size - self.held):
            return self.stop(FULL)
        self.pieces.append(piece)
        return self._more(self.proto)

    def _reserve(self, size: int) -> bool:
        if not self.memory.take(size):
            return False
        self.held += size
        return True

    def _finish(self, source: Any) -> None:
        """Decide whether an empty piece is the end of the body: the last piece, errors and trailers
        are all empty, and only after the last one nothing is pending.
        """
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
    """Discards the rest of an unwanted body, so that the response arrives."""

    def start(self) -> None:
        """Begin, or continue if part of the body was read."""
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
