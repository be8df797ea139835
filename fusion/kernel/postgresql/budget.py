"""How long the request at hand may still wait for a connection to the database."""

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
    """A request that arrived at `arrived`, of `time.monotonic()`, is being answered."""
    _until.set(arrived + seconds())


def end() -> None:
    """It has been answered."""
    _until.set(None)


def left() -> float:
    """Seconds that remain, 0 or less when there are none; all of them outside of a request."""
    until = _until.get()
    return seconds() if until is None else until - monotonic()


@contextmanager
def within(most: float) -> Iterator[None]:
    """Within, at most `most` seconds remain."""
    before = _until.set(monotonic() + min(most, left()))
    try:
        yield
    finally:
        _until.reset(before)
