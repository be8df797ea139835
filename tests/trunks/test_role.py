"""The door for SIP proxies with an SQL client: three functions, and nothing else."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from fusion.embedded import Cluster
from fusion.trunks.prepare import ROLE
from tests.owner import owner_rows
from tests.server import fusion
from tests.temporary_database import run_temporary
from tests.trunks.calling import admitted, by_sql, live, order_channels, outcomes, rows, trunk_id
from tests.world import World

DOOR = {"admit", "admit_replacing", "end_call"}
ADMIT = "SELECT status, answer FROM calls.admit(%s, 'inbound', %s, '+3225550100', '+3225550199')"
END = "SELECT calls.end_call(%s, 'inbound', %s)"

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Connection]:
    """Logged in as a proxy's role."""
    name, password = f"proxy_{secrets.token_hex(4)}", secrets.token_hex(16)
    named = sql.Identifier(name)
    owner_rows(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE {ROLE}")
    given: dict[str, Any] = {
        key: str(value)
        for key, value in connection.get_connection_params().items()
        if key in ("host", "port", "dbname") and value
    }
    with psycopg.connect(user=name, password=password, autocommit=True, **given) as opened:
        yield opened
    owner_rows(sql.SQL("DROP ROLE {}").format(named).as_string(None))


def test_the_two_functions(world: World, proxy: Connection) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    assert proxy.execute(ADMIT, [trunk, "a"]).fetchone()[0] == 201  # type: ignore[index]
    assert proxy.execute(ADMIT, [trunk, "a"]).fetchone()[0] == 200  # type: ignore[index]
    status, answer = proxy.execute(ADMIT, [trunk, "b"]).fetchone()  # type: ignore[misc]
    assert status == 409
    assert answer["code"] == "no-free-channel"  # type: ignore[index]
    assert live(world) == ["a"]
    assert proxy.execute(END, [trunk, "a"]).fetchone() == (True,)
    assert proxy.execute(END, [trunk, "a"]).fetchone() == (False,)
    assert outcomes(world) == {"a": "ended"}


def test_only_trunks_under_a_path_where_one_is_given(world: World, proxy: Connection) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admit = (
        "SELECT status FROM calls.admit(p_trunk => %s, p_direction => 'inbound', p_call_id => 'a',"
        " p_caller => '', p_callee => '1', p_lease => '90 seconds', p_path => %s)"
    )
    assert proxy.execute(admit, [trunk, World().group.path]).fetchone() == (404,)
    assert proxy.execute(admit, [trunk, world.tenant.path]).fetchone() == (201,)


def test_with_any_setting_of_the_session(world: World, proxy: Connection) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    try:
        proxy.execute("SET search_path = pg_temp, calls; SET TimeZone = 'Asia/Kathmandu'")
        status, answer = proxy.execute(ADMIT, [trunk, "a"]).fetchone()  # type: ignore[misc]
    finally:
        proxy.execute("RESET ALL")
    assert status == 201
    assert answer["lease_expires_at"].endswith("Z")  # type: ignore[index]


def test_no_table_is_read_or_written(world: World, proxy: Connection) -> None:
    relations = rows(
        "SELECT c.oid::regclass::text, c.relkind FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_'"
        " AND n.nspname <> 'information_schema' ORDER BY 1"
    )
    assert len(relations) > 40
    before = world.fingerprint()
    for name, kind in relations:
        tried = [f"SELECT FROM {name} LIMIT 1"]
        if kind == "S":
            tried.append(f"SELECT nextval('{name}')")
        elif kind in ("r", "p"):
            tried += [f"DELETE FROM {name}", f"TRUNCATE {name}", f"COPY {name} FROM STDIN"]
            tried.append(f"INSERT INTO {name} DEFAULT VALUES")
            tried.append(f"DO $$ BEGIN LOCK TABLE {name}; END $$")
        for statement in tried:
            with pytest.raises(InsufficientPrivilege):
                proxy.execute(statement)
    assert world.fingerprint() == before


def test_no_other_function_is_executed(proxy: Connection) -> None:
    functions = rows(
        "SELECT n.nspname, p.proname, p.oid::regprocedure::text FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
    )
    assert len(functions) > 60
    allowed = {
        (schema, name)
        for schema, name, signature in functions
        if proxy.execute(
            "SELECT has_function_privilege(%s::regprocedure, 'EXECUTE')"
            " AND has_schema_privilege(%s, 'USAGE')",
            [signature, schema],
        ).fetchone()
        == (True,)
    }
    assert allowed == {("calls", name) for name in DOOR}
    for statement in (
        "SELECT calls.is_emergency('112', 'BE')",
        "SELECT calls.is_call('inbound', 'a', 'b', 'c', '1s')",
        "SELECT public.trunks_sweep('0', 1)",
        "SELECT public.trunks_live_calls(gen_random_uuid())",
    ):
        with pytest.raises(InsufficientPrivilege):
            proxy.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE calls.mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE fusion",
        "ALTER FUNCTION calls.end_call(uuid, text, text, text) COST 1",
        "GRANT fusion_calls TO CURRENT_USER WITH ADMIN OPTION",
    ],
)
def test_nothing_is_made_or_taken(proxy: Connection, statement: str) -> None:
    with pytest.raises((InsufficientPrivilege, psycopg.errors.InvalidGrantOperation)):
        proxy.execute(statement)


def test_the_role_itself_cannot_log_in() -> None:
    assert rows("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s", ROLE) == [
        (False, False)
    ]


@pytest.mark.once
def test_where_the_application_may_not_create_roles(tmp_path: Path) -> None:
    """`fusion migrate` says what is missing, does without, and grants it when it is there."""
    with tempfile.TemporaryDirectory(prefix="fusion-tests-") as home:
        Path(home).chmod(0o755)
        cluster = Cluster(Path(home) / "postgres")
        with run_temporary(cluster.data_dir, fast=True) as held:
            database = {"DATABASE_URL": held.url}
            with psycopg.connect(cluster.superuser_url(), autocommit=True) as superuser:
                superuser.execute("ALTER ROLE fusion NOCREATEROLE")
                first = fusion("migrate", environment=database, cwd=str(tmp_path))
                assert first.returncode == 0, first.stderr
                assert f"CREATE ROLE {ROLE} NOLOGIN" in first.stdout
                superuser.execute(f"CREATE ROLE {ROLE} NOLOGIN")
            second = fusion("migrate", environment=database, cwd=str(tmp_path))
            assert (second.returncode, ROLE in second.stdout) == (0, False), second.stdout
            with psycopg.connect(held.url) as application:
                granted = application.execute(
                    "SELECT has_function_privilege(%s, 'calls.end_call(uuid,text,text,text)',"
                    " 'EXECUTE')",
                    [ROLE],
                ).fetchone()
            assert granted == (True,)


def test_sql_and_http_call_the_same_function(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "by http")
    assert by_sql(trunk, "by sql")[0] == 201
    assert by_sql(trunk, "by http")[0] == 200
    assert by_sql(trunk, "one more")[0] == 409
