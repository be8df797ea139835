"""Instants and ids of the past. Instants are whole microseconds since 1970, in UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

_random = Random()  # of ids only: they are no secrets
_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)


def moment(at: datetime) -> int:
    """The microseconds since 1970 of an instant."""
    return (at - EPOCH) // timedelta(microseconds=1)


def instant_of(at: int) -> datetime:
    """The instant, for a column that Django writes."""
    return EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=256)
def spelled(at: int) -> str:
    """The instant as `kernel_instant` spells it; PostgreSQL reads it as well."""
    return f"{(EPOCH + timedelta(microseconds=at)).isoformat(timespec='microseconds')[:26]}Z"


def id_at(at: int) -> UUID:
    """An id (UUID version 7) as it would have been made then: ids sort as their instants do."""
    milliseconds, rest = divmod(at, 1000)
    fraction = (rest << 12) // 1000
    return UUID(
        int=(milliseconds << 80) | _VERSION_AND_VARIANT | (fraction << 64) | _random.getrandbits(62)
    )
