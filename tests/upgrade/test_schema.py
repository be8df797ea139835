"""Which release may use which database, and what `fusion migrate` installs and removes."""

import re

import psycopg
import pytest

from fusion.kernel.functions import SCHEMA
from fusion.kernel.sql_files import called_routines, defined_routines, sql_files
from tests.owner import owner_rows
from tests.server import fusion

OURS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.prorettype <> 'trigger'::regtype AND p.pronamespace = 'public'::regnamespace
  AND p.proname ~ '^(kernel|events|access|tenancy|ledger|catalogue|numbers|users|trunks'
                  '|ordering|lifecycle|billing|reporting)_'
  OR p.pronamespace = 'calls'::regnamespace
"""

MADE_BY_MIGRATIONS = {"tenancy_words(text,text)", "tenancy_word_ends(text,text)"}


def run(database: str, *arguments: str) -> str:
    """Run a command that succeeds; what it printed."""
    done = fusion(*arguments, environment={"DATABASE_URL": database})
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(database: str, *arguments: str) -> str:
    """Run a command that finds the database unfit; the one line that says why."""
    done = fusion(*arguments, environment={"DATABASE_URL": database})
    assert done.returncode == 3, (done.stdout, done.stderr)
    [line] = done.stderr.splitlines()
    return line


def test_signatures_are_read_from_the_files() -> None:
    """All of them, and as PostgreSQL has them: readiness asks for them by these names."""
    read = [routine for file in sql_files() for routine in file.routines]
    assert len(read) == len(set(read))
    known = owner_rows(
        "SELECT p.oid::regprocedure::text, p.prorettype = 'trigger'::regtype"
        " FROM unnest(%s::text[]) AS r LEFT JOIN pg_proc p ON p.oid = to_regprocedure(r)",
        [read],
    )
    assert None not in {name for name, _ in known}
    made = {name for (name,) in owner_rows(OURS)} - MADE_BY_MIGRATIONS
    assert {name for name, fires in known if not fires} == made


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("f() RETURNS", "f()"),
        ("calls.f(p_a uuid,\n    p_b text DEFAULT NULL) RETURNS", "calls.f(uuid, text)"),
        ("f(p_a int[], -- a, (comment)\n p_b timestamptz) RETURNS", "f(int[], timestamptz)"),
        ("f(p_a numeric(10, 2), INOUT p_b json, OUT p_c text) RETURNS", "f(numeric(10, 2), json)"),
        ("f(p_a double precision = 1.5, VARIADIC p_b text[]) AS", "f(double precision, text[])"),
    ],
)
def test_how_a_signature_is_read(text: str, signature: str) -> None:
    assert defined_routines(f"CREATE OR REPLACE FUNCTION {text} text") == (signature,)


def test_files_remove_nothing() -> None:
    """Calls under way and servers of the release before use what is there."""
    for file in sql_files():
        found = re.search(r"\b(DROP (FUNCTION|TYPE|VIEW|SCHEMA|ROUTINE)|CASCADE)\b", file.text)
        assert found is None, (file.name, found)


def test_nothing_is_installed_twice_and_what_is_missing_comes_back(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as direct:
        versions = direct.execute("SELECT oid, xmin::text FROM pg_proc ORDER BY 1").fetchall()
        assert "functions: no files installed" in run(migrated_database, "migrate")
        assert (
            direct.execute("SELECT oid, xmin::text FROM pg_proc ORDER BY 1").fetchall() == versions
        )
        direct.execute("DROP FUNCTION numbers_select_block")
    line = refusal(migrated_database, "verify")
    assert "lacks functions that this release calls: numbers_select_block(" in line
    assert line.endswith("Run: fusion migrate")
    assert "functions: 1 file installed" in run(migrated_database, "migrate")
    run(migrated_database, "verify")


def test_the_schema_number_says_which_release_is_older(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as direct:

        def become(number: int, oldest: int) -> None:
            direct.execute("UPDATE kernel_schema SET number = %s, oldest = %s", [number, oldest])

        become(SCHEMA + 1, SCHEMA)
        run(migrated_database, "verify")
        line = refusal(migrated_database, "migrate")
        assert f"its schema is {SCHEMA}, the database has {SCHEMA + 1}" in line
        become(SCHEMA + 2, SCHEMA + 1)
        line = refusal(migrated_database, "verify")
        assert f"This release is older than the database: its schema is {SCHEMA}" in line
        assert f"serves releases from schema {SCHEMA + 1} on. Use the newer release" in line
        become(SCHEMA - 1, SCHEMA - 1)
        line = refusal(migrated_database, "verify")
        assert f"The database is older than this release: its schema is {SCHEMA - 1}" in line
        assert line.endswith("Run: fusion migrate")


def test_finishing_removes_what_only_former_releases_call(migrated_database: str) -> None:
    former = {r for file in sql_files() if file.is_former for r in file.routines}
    assert former
    with psycopg.connect(migrated_database, autocommit=True) as direct:
        direct.execute("CREATE FUNCTION kernel_of_the_operator() RETURNS int RETURN 1")
        printed = run(migrated_database, "migrate", "--finish")
        assert f"{len(former)} functions of former releases removed" in printed
        left = direct.execute(
            "SELECT r FROM unnest(%s::text[]) AS r WHERE to_regprocedure(r) IS NOT NULL",
            [[*former, *called_routines(), "kernel_of_the_operator()"]],
        ).fetchall()
    assert {row[0] for row in left} == {*called_routines(), "kernel_of_the_operator()"}
    assert "no functions of former releases removed" in run(
        migrated_database, "migrate", "--finish"
    )
    assert "functions: no files installed" in run(migrated_database, "migrate")
    run(migrated_database, "verify")
