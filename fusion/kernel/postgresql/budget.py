"""How long the current request may still wait for a connection to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from time import monotonic

from fusion.kernel.environment import setting


@cache
def seconds() -> float:
    """The budget: seconds from the arrival of a request, or from the first query of a task. It is
    shorter than the ten seconds within which a caller must get an answer."""
    return float(setting("FUSION_DATABASE_POOL_WAIT"))


_until: ContextVar[float | None] = ContextVar("budget", default=None)


def begin(arrived: float) -> None:
    """Begin to answer a request that arrived at `arrived`, by `time.monotonic()`."""
    _until.set(arrived + seconds())


def end() -> None:
    """The request has been answered."""
    _until.set(None)


def left() -> float:
    """Remaining seconds, 0 or less if none remain; the whole budget outside of a request."""
    until = _until.get()
    return seconds() if until is None else until - monotonic()


@contextmanager
def within(most: float) -> Iterator[None]:
    """Inside, at most `most` seconds remain."""
    before = _until.set(monotonic() + min(most, left()))
    try:
        yield
    finally:
        _until.reset(before)
