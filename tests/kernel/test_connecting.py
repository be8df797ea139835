"""What DATABASE_URL may say, how several hosts are taken, and which errors pass."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import lookup

from fusion.kernel import stream
from fusion.kernel.database import BULK, HOT, limit_statements, longer_statements
from fusion.kernel.environment import SettingError
from fusion.kernel.postgresql import parameters
from fusion.kernel.postgresql.connections import AsyncConnection, Connection
from fusion.kernel.postgresql.hosts import Host, hosts, with_hosts
from fusion.kernel.postgresql.outage import outage_of
from fusion.kernel.postgresql.parameters import DEFAULTS, connection_parameters
from fusion.kernel.postgresql.race import NEXT_AFTER, Race
from tests.faults.network import network
from tests.owner import as_owner

SESSION = "-c idle_in_transaction_session_timeout=60s"

ADDRESSES: dict[str, dict[str, str]] = {
    "postgresql://u@h/d": {**DEFAULTS, "host": "h", "user": "u", "dbname": "d", "options": SESSION},
    "postgresql://u@h": {"dbname": "fusion"},
    "postgresql://u@h/d?connect_timeout=7&keepalives=0": {
        "connect_timeout": "7",
        "keepalives": "0",
    },
    "postgresql://u@h/d?application_name=mine": {"application_name": "mine"},
    "postgresql://u@h/d?sslmode=verify-full&sslrootcert=/a%20b": {
        "sslmode": "verify-full",
        "sslrootcert": "/a b",
    },
    "postgresql://u@h/d?options=-c%20statement_timeout%3D4s": {
        "options": f"{SESSION} -c statement_timeout=4s"
    },
    "postgresql://u@one:1,two:2/d": {
        "host": "one,two",
        "port": "1,2",
        "target_session_attrs": "read-write",
    },
    "postgresql://u@one,two/d?target_session_attrs=any": {"target_session_attrs": "any"},
    "postgresql://u%40x:p%2Fw%25@h/d%20e": {"user": "u@x", "password": "p/w%", "dbname": "d e"},
    "postgresql://u@[::1]:5433/d": {"host": "::1", "port": "5433"},
    "postgresql://u@%2Fvar%2Frun/d": {"host": "/var/run"},
    "postgresql:///d?host=/var/run&port=5433": {"host": "/var/run", "port": "5433"},
    "host=h user=u password='a b' dbname=d": {"host": "h", "password": "a b"},
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_the_address_overrides_our_defaults(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGAPPNAME", "PGCONNECT_TIMEOUT", "PGOPTIONS", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    found = connection_parameters(url)
    assert {name: found.get(name) for name in ADDRESSES[url]} == ADDRESSES[url]
    if "," not in found["host"]:
        assert "target_session_attrs" not in found


def test_the_environment_and_services_of_libpq_go_before_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "5")
    monkeypatch.setenv("PGOPTIONS", "-c jit=off")
    found = connection_parameters("postgresql://h/d")
    assert "connect_timeout" not in found  # libpq reads it for itself
    assert found["options"] == f"{SESSION} -c jit=off"
    file = tmp_path / "services"
    file.write_text("[here]\nhost=h\ndbname=of the service\nconnect_timeout=8\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    found = connection_parameters("postgresql://?service=here")
    assert (found["dbname"], found["connect_timeout"]) == ("of the service", "8")
    assert connection_parameters("postgresql://?service=elsewhere")["service"] == "elsewhere"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u:geheim%zz@h/d", "is not valid"),
        ("postgresql://u:geheim@h:x/d?no_such_option=1", 'parameter: "no_such_option"'),
        ("nothing at all, geheim", "is not valid"),
    ],
)
def test_an_address_that_cannot_be_read(url: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        connection_parameters(url)
    assert message in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_every_connection_is_made_from_those_parameters() -> None:
    """Nothing else of the package opens one by itself."""
    package = Path(parameters.__file__).parents[2]
    own = {"kernel/postgresql", "embedded"}  # the latter knows its own server's address
    found = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if "psycopg.connect(" in file.read_text() or "conninfo_to_dict" in file.read_text()
        if not any(str(file.relative_to(package)).startswith(each) for each in own)
    }
    assert found == {"cli/database.py", "kernel/pooler.py"}  # the check of the address at the start


def test_hosts() -> None:
    several = {"host": "a,b,c", "port": "1,2,3", "user": "u"}
    assert [each["port"] for each in hosts(several)] == ["1", "2", "3"]
    assert [each["port"] for each in hosts({"host": "a,b", "port": "9"})] == ["9", "9"]
    assert hosts({"user": "u"}) == []
    turned = with_hosts(several, hosts(several)[::-1])
    assert turned == {"host": "c,b,a", "port": "3,2,1", "user": "u"}


class Taken:
    """Stands for a connection to a host."""

    def __init__(self, host: str) -> None:
        self.host = host

    def close(self) -> None:
        """Nothing to close."""


def race(names: str, silent: str, refusals: dict[str, int]) -> tuple[str, float, list[Host]]:
    """Who wins, after how long, and who has not answered."""
    released = threading.Event()

    def connect(host: Host) -> Any:
        name = host["host"]
        if name in silent:
            released.wait(20)
        refusals[name] = refusals.get(name, 0) - 1
        if refusals[name] >= 0 or name in silent:
            raise psycopg.OperationalError(name)
        return Taken(name)

    begun = time.monotonic()
    run = Race[Any](connect)
    try:
        won = run.run([{"host": name} for name in names])
    finally:
        released.set()
    return won.host, time.monotonic() - begun, run.silent


def test_a_silent_host_does_not_delay_the_next() -> None:
    host, seconds, silent = race("ab", "a", {})
    assert (host, silent) == ("b", [{"host": "a"}])
    assert NEXT_AFTER <= seconds < NEXT_AFTER + 1
    assert race("ab", "", {})[0] == "a"
    assert race("ab", "", {"a": 1})[0] == "b"
    # It refuses three times, as a standby does, and is promoted while the first is silent.
    host, seconds, _ = race("ab", "a", {"b": 3})
    assert host == "b" and seconds < NEXT_AFTER + 3
    with pytest.raises(psycopg.OperationalError, match="b"):
        race("ab", "", {"a": 9, "b": 9})


PASSING = (
    *("08000", "08006", "25006", "25P03", "40001", "40P01", "53000", "53100", "53200", "53300"),
    *("55006", "55P03", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", "58030"),
)
ANSWERS = ("23505", "23514", "22003", "25P02", "42501", "42883", "40X00", "XX000", "XX001", "0A000")


@pytest.mark.parametrize("state", PASSING + ANSWERS)
def test_which_errors_pass(state: str) -> None:
    try:
        error: psycopg.Error = lookup(state)("told")
    except KeyError:
        error = psycopg.DatabaseError("told")
        error.sqlstate = state
    assert bool(outage_of(error)) == (state in PASSING or state[:2] == "40")
    wrapped = OperationalError("told")
    wrapped.__cause__ = error
    assert bool(outage_of(wrapped)) == bool(outage_of(error))


@pytest.fixture
def limited() -> Iterator[None]:
    """Statements of this process are limited as those of a server."""
    options = connection.settings_dict["OPTIONS"]
    before = options["options"]
    _start_again()
    limit_statements(HOT)
    try:
        yield
    finally:
        options["options"] = before
        Connection.silence_limit = None
        _start_again()


def _start_again() -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def _limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (shown,) = cursor.fetchone()
    return str(shown)


def test_statements_are_limited_and_those_of_batches_less(limited: None) -> None:
    assert _limit() == f"{HOT}s"
    assert connection.connection.limit == HOT
    with longer_statements():
        assert _limit() == "1min"
        assert connection.connection.limit == BULK
    assert _limit() == f"{HOT}s"
    assert connection.connection.limit == HOT
    with transaction.atomic(), longer_statements():
        assert _limit() == "1min"
    assert _limit() == f"{HOT}s"
    connection.close()
    assert _limit() == f"{HOT}s"
    assert connection.connection.limit == HOT


def test_statements_of_commands_are_not_limited() -> None:
    before = _limit()
    with longer_statements():
        assert _limit() == before


def test_a_connection_that_was_ended_while_idle_is_not_handed_out() -> None:
    """No statement fails because the server was restarted, and no round trip finds that out."""
    _start_again()
    pool = connection.pool  # type: ignore[attr-defined]
    pool.open()
    held = [pool.getconn() for _ in range(3)]
    pids = [each.info.backend_pid for each in held]
    for each in held:
        pool.putconn(each)
    with as_owner(), connection.cursor() as cursor:
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid"
        cursor.execute(f"{ended} WHERE pid <> pg_backend_pid()", [pids])
        assert cursor.fetchall() == [(True,)] * 2
    for _ in range(4):
        with pool.connection() as fresh:
            assert fresh.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(("seconds", "cut"), [(0.6, False), (1.5, True)])
def test_a_long_answer_may_take_any_time_while_it_goes_on(
    seconds: float, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SNAPSHOT", stream.SNAPSHOT.replace(b"60s", b"1s"))
    monkeypatch.setattr(stream, "FETCHED", 1)
    sql = "SELECT n::text, pg_sleep(CASE n WHEN 1 THEN 0 ELSE %s END) FROM generate_series(1, 3) n"

    def make(query: stream.Query) -> Iterator[str]:
        yield from (f"{text:<40000}" for text, _ in query(sql, [seconds]))

    answer = stream.stream(make, media_type="text/plain")
    whole = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    assert ("ERROR: an error" in whole) == cut
    assert ("3" in whole) != cut


def test_both_kinds_of_connection_pass_a_silent_host_by() -> None:
    """The worker's too, which would else wait for the first host again and again."""
    url = os.environ["DATABASE_URL"]
    with network(url) as first, network(url) as second:
        first.freeze()
        both = first.url().replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
        given: dict[str, Any] = dict(connection_parameters(both))

        async def connect() -> int:
            async with await AsyncConnection.connect(**given) as held:
                return held.info.port

        begun = time.monotonic()
        with Connection.connect(**given) as held:
            assert held.info.port == second.port
        assert asyncio.run(connect()) == second.port
        assert time.monotonic() - begun < 2 * NEXT_AFTER + 2
