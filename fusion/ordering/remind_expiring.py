"""Telling of orders that end within a week: the worker does it hourly."""

from fusion.kernel.database import fetch_value

ACTOR = "system:worker"


def remind_expiring(*, limit: int = 1_000) -> int:
    """Write event `order.expiring` for up to `limit` expiries, once each; returns how many."""
    sql = "SELECT ordering_remind_expiring(%s::text, %s::int)"
    return int(fetch_value(sql, [ACTOR, limit]))
