"""Servers and workers act as a role that reads and writes rows, and can change nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.db import connection, transaction
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege, RestrictViolation

from fusion.embedded.cluster import RUNTIME_ROLE as EMBEDDED_ROLE
from fusion.kernel.ids import new_id
from fusion.kernel.runtime_role import RUNTIME_ROLE, as_runtime, prepare_runtime_role
from tests.ordering.placing import line, placed
from tests.ordering.test_schedule import scheduled
from tests.owner import as_owner, owner_rows
from tests.server import run_server
from tests.world import World

Direct = psycopg.Connection[tuple[Any, ...]]

APPEND_ONLY = ("events_event", "ledger_entry", "tenancy_auditrecord", "trunks_callrecord")
KEPT = ("ordering_order", "ordering_orderline", "ordering_orderrequest", "users_link")

TABLES = """
SELECT c.relname::text FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""


@pytest.fixture(scope="module")
def login() -> Iterator[Direct]:
    """Logged in as a server would be: a member of the runtime role."""
    name = f"server_{new_id().hex}"
    owner_rows(f"CREATE ROLE {name} LOGIN PASSWORD 'for this test' IN ROLE {RUNTIME_ROLE}")
    parts = {**_owner_parts(), "user": name, "password": "for this test"}
    with psycopg.connect(**parts, autocommit=True) as opened:
        yield opened
    owner_rows(f"DROP ROLE {name}")


def _owner_parts() -> dict[str, Any]:
    return conninfo_to_dict(os.environ["DATABASE_URL"])


def refused(direct: Direct, statement: str) -> bool:
    """Whether the privileges refuse a statement. What they would allow is rolled back."""
    try:
        with direct.transaction(force_rollback=True):
            direct.execute(statement)
    except InsufficientPrivilege:
        return True
    return False


def test_the_embedded_server_knows_the_role() -> None:
    assert EMBEDDED_ROLE == RUNTIME_ROLE


def test_no_table_can_be_altered_or_emptied(login: Direct) -> None:
    tables = [name for (name,) in owner_rows(TABLES)]
    assert len(tables) > 50
    for table in tables:
        for statement in (
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"ALTER TABLE {table} ADD COLUMN x int",
            f"DROP TABLE {table}",
            f"TRUNCATE {table}",
            f"CREATE TRIGGER x BEFORE INSERT ON {table} EXECUTE FUNCTION kernel_append_only()",
        ):
            assert refused(login, statement), statement


def test_no_function_can_be_replaced(login: Direct) -> None:
    functions = owner_rows(
        "SELECT p.oid::regprocedure::text FROM pg_proc p"
        " WHERE p.pronamespace IN ('public'::regnamespace, 'calls'::regnamespace)"
    )
    assert len(functions) > 50
    for (function,) in functions:
        assert refused(login, f"ALTER ROUTINE {function} COST 1"), function
    clock = (
        "CREATE OR REPLACE FUNCTION kernel_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'"
    )
    assert refused(login, clock)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE calls.mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE {owner}",
        "SET session_replication_role = replica",
        "SELECT kernel_grant_runtime()",
        "SELECT setval('ordering_number', 1)",
    ],
)
def test_nothing_is_made_or_taken(login: Direct, statement: str) -> None:
    assert refused(login, statement.format(owner=_owner_parts()["user"]))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_history_takes_new_rows_only(login: Direct, table: str) -> None:
    assert refused(login, f"DELETE FROM {table}")
    column = owner_rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND attidentity = '' LIMIT 1",
        [table],
    )[0][0]
    assert refused(login, f"UPDATE {table} SET {column} = {column}")
    assert not refused(login, f"SELECT count(*) FROM {table} WHERE false")


@pytest.mark.parametrize("table", KEPT)
def test_orders_cannot_be_removed(login: Direct, table: str) -> None:
    assert refused(login, f"DELETE FROM {table}")


def test_a_partition_is_reached_through_its_table_alone(login: Direct) -> None:
    partitions = owner_rows(
        "SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = 'trunks_callrecord'::regclass"
    )
    assert partitions
    for (partition,) in partitions:
        assert refused(login, f"SELECT FROM {partition} LIMIT 1"), partition


FINISHED = (
    "UPDATE ordering_order SET state = 'cancelled' WHERE id = %(order)s",
    "UPDATE ordering_order SET number = number + 1 WHERE id = %(order)s",
    "UPDATE ordering_order SET tenant_id = group_id WHERE id = %(order)s",
    "UPDATE ordering_orderline SET quantity = 9 WHERE order_id = %(order)s",
    "UPDATE ordering_orderline SET order_id = %(later)s WHERE order_id = %(order)s",
)


@pytest.mark.parametrize("statement", FINISHED)
def test_a_finished_order_is_not_changed(world: World, login: Direct, statement: str) -> None:
    ids = {"order": placed(world)["id"], "later": scheduled(world)["id"]}
    before = world.fingerprint()
    with pytest.raises(RestrictViolation):
        login.execute(statement, ids)
    assert world.fingerprint() == before


def test_an_ordered_revision_is_not_removed(world: World, login: Direct) -> None:
    placed(world, line(world.seat))
    for table in ("catalogue_revisionitem", "catalogue_productrevision"):
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="stands in an order"):
            login.execute(f"DELETE FROM {table} WHERE product_id = %s", [world.seat.id])


def test_the_owner_writes_the_owners_of_a_finished_order_and_nothing_else(world: World) -> None:
    order = placed(world)["id"]
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ordering_order SET tenant_id = group_id WHERE id = %s", [order])
        assert cursor.rowcount == 1
        transaction.set_rollback(True)
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as owner,
        pytest.raises(RestrictViolation),
    ):
        owner.execute("UPDATE ordering_order SET number = 0 WHERE id = %s", [order])


def test_a_second_run_grants_nothing_again() -> None:
    privileges = "SELECT oid, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY 1"
    before = owner_rows(privileges)
    with as_owner():
        assert prepare_runtime_role() == []
    assert owner_rows(privileges) == before


def test_the_owner_s_address_takes_the_role_and_warns() -> None:
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as direct:
        taken, warning = as_runtime(url, direct)
    assert warning is not None and "names the owner of the tables" in warning
    assert _owner_parts()["password"] not in warning
    with psycopg.connect(taken) as acting:
        assert acting.execute("SELECT current_user").fetchone() == (RUNTIME_ROLE,)


def test_a_server_s_own_login_is_left_as_it_is(login: Direct) -> None:
    url = make_conninfo(os.environ["DATABASE_URL"], user=login.info.user, password="for this test")
    assert as_runtime(url, login) == (url, None)


@pytest.mark.parametrize("whose", ["owner", "server"])
def test_a_server_serves(world: World, login: Direct, tmp_path: Path, whose: str) -> None:
    """With the owner's address it takes the role and warns; with its own login it is silent."""
    url = os.environ["DATABASE_URL"]
    if whose == "server":
        url = make_conninfo(url, user=login.info.user, password="for this test")
    order = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    with run_server(tmp_path / "log", environment={"DATABASE_URL": url}) as server:
        response = httpx.post(f"{server.url}/api/v1/orders", json=order, headers=headers)
        assert response.status_code == 201, response.text
        lines = server.lines()
    warned = [line for line in lines if f"this process works as {RUNTIME_ROLE}" in line]
    assert bool(warned) == (whose == "owner")
