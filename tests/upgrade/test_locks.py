"""A step of an upgrade gives up before it can make a query of a server fail."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from fusion.kernel.lock_budget import BUDGET, LONGEST, LockBudget
from tests.bounds import PATIENCE
from tests.owner import as_owner
from tests.server import wait_for

ADD_COLUMN = "ALTER TABLE locks_{} ADD COLUMN IF NOT EXISTS added int"
CHANGED = (
    "SELECT FROM pg_locks WHERE granted AND relation = to_regclass('locks_a')"
    " AND mode = 'AccessExclusiveLock'"
)
WAITING = "SELECT FROM pg_locks WHERE NOT granted AND relation = to_regclass('locks_a')"


@pytest.fixture
def tables() -> Iterator[str]:
    """Two tables that servers read; returns the database's address."""
    with as_owner():
        for name in "ab":
            execute(f"CREATE TABLE locks_{name} (id int)")
        yield os.environ["DATABASE_URL"]
        execute("DROP TABLE locks_a, locks_b")


def execute(sql: str) -> None:
    """Run a statement as Django runs those of migrations."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def read_both(url: str) -> float:
    """A page that has read one table reads the other; returns how many seconds it took."""
    with psycopg.connect(url) as page:
        page.execute("SELECT FROM locks_b")
        wait_for(lambda: page.execute(CHANGED).fetchone() is not None, "the first change")
        begun = time.monotonic()
        page.execute("SELECT FROM locks_a")
        return time.monotonic() - begun


@pytest.mark.parametrize("work", [0.0, 0.2, 0.4, 0.8])
def test_a_page_never_pays_for_a_migration(tables: str, work: float) -> None:
    """However long the migration works between its changes of the two tables."""
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(read_both, tables)
        with psycopg.connect(tables, autocommit=True) as observer:
            with (
                pytest.raises(OperationalError) as refused,
                connection.execute_wrapper(LockBudget()),
                transaction.atomic(),
            ):
                execute(ADD_COLUMN.format("a"))
                wait_for(lambda: observer.execute(WAITING).fetchone() is not None, "the page")
                time.sleep(work)
                execute(ADD_COLUMN.format("b"))
            assert isinstance(refused.value.__cause__, LockNotAvailable)
        assert page.result(PATIENCE) > work


@pytest.mark.parametrize(
    ("statement", "seconds"),
    [
        ("ALTER TABLE locks_b ADD COLUMN more int", LONGEST),
        ("-- says why\nALTER TABLE locks_b ADD COLUMN more int", LONGEST),
        ("LOCK TABLE locks_a, locks_b", BUDGET / 2),
    ],
)
def test_others_wait_shortly_behind_a_change(tables: str, statement: str, seconds: float) -> None:
    with psycopg.connect(tables) as page:
        page.execute("SELECT FROM locks_b")
        begun = time.monotonic()
        with (
            pytest.raises(OperationalError),
            connection.execute_wrapper(LockBudget()),
            transaction.atomic(),
        ):
            execute(statement)
        assert seconds * 0.9 <= time.monotonic() - begun < 1
