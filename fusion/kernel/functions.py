"""Database functions of several releases, side by side, and the schema number.

`fusion migrate` installs new and changed files and removes nothing: functions that servers of the
previous release call stay until `fusion migrate --finish`. A number decides which servers can use
the database. See "Upgrade without downtime" in the operator's guide.
"""

import json
from collections.abc import Iterable

from django.db import transaction

from fusion.kernel.database import execute, fetch_rows, fetch_value
from fusion.kernel.runtime_role import RUNTIME_ROLE
from fusion.kernel.sql_files import SqlFile, called_routines, sql_files

SCHEMA = 2
"""The number of this release's tables and functions: one more than the previous release's."""

SERVED = 1
"""The oldest schema whose servers work with this one, until the upgrade is finished."""

# Before PostgreSQL 16 `to_regprocedure` fails if a type of the signature is missing.
ROUTINE = r"""
CASE WHEN (SELECT bool_and(to_regtype(type) IS NOT NULL)
           FROM regexp_split_to_table(substring({0} FROM '\((.+)\)'), ', *') type) IS NOT FALSE
     THEN to_regprocedure({0}) END
"""

MISSING = f"""
SELECT signature FROM unnest(%s::text[]) AS signature
WHERE {ROUTINE.format("signature")} IS NULL
"""

# Functions that were installed once and that this release does not call. Functions needed by a
# trigger, an index or a view stay.
LEFT_OVER = f"""
SELECT r.routine::text
FROM kernel_schema s
CROSS JOIN LATERAL (SELECT DISTINCT {ROUTINE.format("name")} AS routine
                    FROM unnest(s.routines) AS name) r
WHERE r.routine IS NOT NULL
  AND r.routine NOT IN (SELECT to_regprocedure(called) FROM unnest(%s::text[]) AS called)
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = r.routine)
ORDER BY 1
"""


class SchemaMismatch(Exception):
    """The database belongs to a release that does not match this one; the text says what to do."""


def install_functions() -> int:
    """Create or replace the functions of new and changed files; returns how many files.

    One transaction: callers see either all old or all new functions. Calls in progress continue
    with the functions with which they began. Raises SchemaMismatch if the database is newer.
    """
    with transaction.atomic():
        # Functions may call functions of later files: bodies are checked when they first run.
        execute("SET LOCAL check_function_bodies = off")
        changed = _changed_files()
        for file in changed:
            execute(file.text)
        # Always: a dump may have been restored without privileges.
        execute("SELECT kernel_withhold_functions()")
        if changed:
            execute(
                "SELECT kernel_grant_routines(oid) FROM pg_roles WHERE rolname = %s", [RUNTIME_ROLE]
            )
            _record(changed)
        execute(
            "UPDATE kernel_schema SET number = %s, oldest = %s WHERE number < %s",
            [SCHEMA, SERVED, SCHEMA],
        )
    return len(changed)


def finish_upgrade() -> list[str]:
    """Remove the functions that only former releases call; returns their signatures.

    From then on the servers of those releases are not ready any more. Raises SchemaMismatch if the
    database does not belong to this release.
    """
    with transaction.atomic():
        number = fetch_value("SELECT number FROM kernel_schema FOR UPDATE")
        if number != SCHEMA:
            raise SchemaMismatch(_explain(number, number))
        called = list(called_routines())
        removed = [routine for (routine,) in fetch_rows(LEFT_OVER, [called])]
        for routine in removed:
            execute(f"DROP FUNCTION {routine}")
        execute("UPDATE kernel_schema SET oldest = number, routines = %s", [called])
    return removed


def find_mismatch() -> str | None:
    """Why this release cannot use the functions of the database, and what to do; else None."""
    if not fetch_value("SELECT to_regclass('kernel_schema') IS NOT NULL"):
        return _explain(1, 1)
    ((number, oldest),) = fetch_rows("SELECT number, oldest FROM kernel_schema")
    if not oldest <= SCHEMA <= number:
        return _explain(number, oldest)
    missing = _missing(called_routines())
    if missing:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        return (
            f"The database lacks functions that this release calls: {missing[0]}{others}."
            " Run: fusion migrate"
        )
    return None


def _explain(number: int, oldest: int) -> str:
    if number < SCHEMA:
        return (
            f"The database is older than this release: its schema is {number}, this release needs"
            f" {SCHEMA}. Run: fusion migrate"
        )
    serving = f" and serves releases from schema {oldest} on" if oldest > SCHEMA else ""
    return (
        f"This release is older than the database: its schema is {SCHEMA}, the database has"
        f" {number}{serving}. Use the newer release"
    )


def _changed_files() -> list[SqlFile]:
    ((number, oldest, files),) = fetch_rows(
        "SELECT number, oldest, files FROM kernel_schema FOR UPDATE"
    )
    if number > SCHEMA:
        raise SchemaMismatch(_explain(number, oldest))
    installed = json.loads(files) if isinstance(files, str) else files
    wanted = [file for file in sql_files() if not (file.is_former and oldest == SCHEMA)]
    missing = set(_missing([routine for file in wanted for routine in file.routines]))
    return [
        file
        for file in wanted
        if installed.get(file.name) != file.digest or not missing.isdisjoint(file.routines)
    ]


def _missing(routines: Iterable[str]) -> list[str]:
    return [routine for (routine,) in fetch_rows(MISSING, [list(routines)])]


def _record(changed: list[SqlFile]) -> None:
    routines = [routine for file in changed for routine in file.routines]
    missing = _missing(routines)
    if missing:
        raise LookupError(f"These functions were read from files and not made: {missing}")
    execute(
        "UPDATE kernel_schema SET files = files || %s::jsonb,"
        " routines = ARRAY(SELECT DISTINCT name FROM unnest(routines || %s::text[]) AS name"
        " ORDER BY name)",
        [json.dumps({file.name: file.digest for file in changed}), routines],
    )
