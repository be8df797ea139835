"""Readiness: whether this release can use the tables and functions of the database."""

import pkgutil
from functools import cache

from django.apps import apps

from fusion.kernel.database import fetch_rows, fetch_value, first_row
from fusion.kernel.functions import find_mismatch


def find_obstacle() -> str | None:
    """Why this server cannot serve, and what to do, as a text; None if it can.

    Raises Django's database errors if the database is unreachable.
    """
    first_row("SELECT 1")  # after a restart of PostgreSQL the pooled connections may be dead
    if not _may_read():
        return (
            "The role of DATABASE_URL cannot read the tables. It is not a member of "
            "fusion_runtime, or that role lacks its privileges. Run: fusion migrate"
        )
    mismatch = find_mismatch()
    if mismatch:
        return mismatch
    missing = expected_migrations() - _applied_migrations()
    if missing:
        return f"The database lacks {len(missing)} migrations of this release. Run: fusion migrate"
    return None


@cache
def expected_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of every migration, from file names: importing them would cost memory
    permanently.
    """
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        for module in pkgutil.iter_modules([f"{app.path}/migrations"]):
            if module.name[0] not in "_~" and not module.ispkg:
                found.add((app.label, module.name))
    return frozenset(found)


def _may_read() -> bool:
    """Also true if there are no tables yet."""
    sql = "SELECT coalesce(has_table_privilege(to_regclass('django_migrations'), 'SELECT'), true)"
    return bool(fetch_value(sql))


def _applied_migrations() -> frozenset[tuple[str, str]]:
    if not fetch_value("SELECT to_regclass('django_migrations') IS NOT NULL"):
        return frozenset()
    rows = fetch_rows("SELECT app, name FROM django_migrations")
    return frozenset((app, name) for app, name in rows)
