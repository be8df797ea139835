"""Database functions: `.sql` files beside the verbs that call them, installed as one unit."""

import hashlib
from functools import cache
from pathlib import Path

from django.db import connection, transaction

from fusion.kernel.runtime_role import RUNTIME_ROLE

ROOT = Path(__file__).resolve().parent.parent


def function_files() -> list[Path]:
    """Every `.sql` file of the package: types first, then the kernel's, which views use."""
    return sorted(
        ROOT.glob("*/*.sql"),
        key=lambda file: (file.name != "types.sql", file.parent.name != "kernel", file),
    )


def install_functions() -> int:
    """Create or replace every database function; returns how many files were installed.

    One transaction: callers see either all old or all new functions.
    """
    files = function_files()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        # Functions call functions of files that come later: bodies are checked when first run.
        cursor.execute("SET LOCAL check_function_bodies = off")
        for file in files:
            cursor.execute(file.read_text(encoding="utf-8"))
        cursor.execute(
            "CREATE OR REPLACE FUNCTION kernel_functions() RETURNS text LANGUAGE sql IMMUTABLE"
            f" AS $$ SELECT '{functions_digest()}'::text $$"
        )
        cursor.execute("SELECT kernel_withhold_functions()")
        cursor.execute(
            "SELECT kernel_grant_routines(oid) FROM pg_roles WHERE rolname = %s", [RUNTIME_ROLE]
        )
    return len(files)


@cache
def functions_digest() -> str:
    """What tells this release's functions from any other's: SHA-256 over their files."""
    content = b"\0".join(file.read_bytes() for file in function_files())
    return hashlib.sha256(content).hexdigest()


def are_functions_installed() -> bool:
    """Whether the database has the functions of this release."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure('kernel_functions()')"
        )
        row = cursor.fetchone()
    return row is not None and functions_digest() in row[0]
