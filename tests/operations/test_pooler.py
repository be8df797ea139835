"""Behind Debian's PgBouncer in transaction mode, as `deploy/pgbouncer` sets it up."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fusion.cli.verify import differences
from fusion.embedded.accounts import Account
from fusion.kernel.ids import new_id
from fusion.kernel.runtime_role import RUNTIME_ROLE
from tests.faults.counting import count
from tests.faults.pooler import Pooler, running_pooler
from tests.faults.traffic import Traffic
from tests.owner import owner_rows
from tests.server import fusion, run_server, run_worker, wait_for
from tests.world import World

PASSWORD = "for this test"
SESSIONS = 6
"""Of PostgreSQL, for two server processes of four threads, a worker and those who look."""

LEFT = """
SELECT 'setting ' || name || ' = ' || setting FROM pg_settings WHERE source = 'session'
       AND name NOT IN ('TimeZone', 'client_encoding', 'application_name', 'DateStyle',
                        'standard_conforming_strings')
       AND name NOT LIKE 'transaction%'
UNION ALL SELECT 'statement ' || statement FROM pg_prepared_statements
UNION ALL SELECT 'channel ' || c FROM pg_listening_channels() c
UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE name <> ''
UNION ALL SELECT 'lock ' || objid FROM pg_locks
          WHERE locktype = 'advisory' AND pid = pg_backend_pid()
UNION ALL SELECT 'role ' || current_user WHERE current_user <> session_user
UNION ALL SELECT 'table ' || relname FROM pg_class WHERE relpersistence = 't'
"""


@pytest.fixture(scope="module")
def pooler() -> Iterator[Pooler]:
    """Before the database of the test run, for a login of the runtime role."""
    login = f"server_{new_id().hex}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as owner:
        secret = owner.pgconn.encrypt_password(
            PASSWORD.encode(), login.encode(), b"scram-sha-256"
        ).decode()
    owner_rows(f"CREATE ROLE {login} LOGIN PASSWORD '{secret}' IN ROLE {RUNTIME_ROLE}")
    direct = make_conninfo(os.environ["DATABASE_URL"], user=login, password=PASSWORD)
    owner_of_socket = Path(str(conninfo_to_dict(direct)["host"])).stat()
    account = Account(owner_of_socket.st_uid, owner_of_socket.st_gid)
    users = f'"{login}" "{secret}"\n'
    with running_pooler(direct, users, sessions=SESSIONS, account=account) as started:
        yield started
    owner_rows(f"DROP ROLE {login}")


def left_behind(pooler: Pooler) -> list[str]:
    """What is in the sessions that PgBouncer lends, all of which are looked at at once."""
    found: list[str] = []
    seen = set()
    with ExitStack() as stack:
        for _ in range(SESSIONS):
            held = stack.enter_context(psycopg.connect(pooler.url, prepare_threshold=None))
            row = held.execute("SELECT pg_backend_pid()").fetchone()
            seen.add(row)
            found += [what for (what,) in held.execute(LEFT.encode()).fetchall()]
    assert len(seen) == SESSIONS
    return found


def test_all_that_happens_every_day(world: World, pooler: Pooler, tmp_path: Path) -> None:
    options = ("--workers", "2", "--threads", "4")
    with (
        run_server(tmp_path / "log", *options, environment=pooler.environment) as server,
        run_worker(tmp_path / "worker", environment=pooler.environment),
    ):
        traffic = Traffic(world, [server.url], numbers=2_000)
        wait_for(lambda: min(traffic.served().values()) > 12, "some of everything")
        traffic.end()
        for kind, outcome in traffic.outcomes.items():
            assert (kind, outcome.odd, outcome.refused) == (kind, [], {})
        result = count(traffic, os.environ["DATABASE_URL"])
        assert result.is_clean(), result
        headers = {"Authorization": f"Bearer {world.token(world.group)}", "Accept": "text/csv"}
        assert _place_batch(server.url, world) == {201}
        report = httpx.get(f"{server.url}/api/v1/reports/phone-usage", headers=headers)
        assert report.status_code == 200, report.text
        assert "fusion_database_up 1.0" in httpx.get(f"{server.url}/metrics").text
        assert left_behind(pooler) == []
    log = (tmp_path / "log").read_text() + (tmp_path / "worker").read_text()
    assert "Traceback" not in log
    assert "worker restarts" not in log
    assert differences() == []


def _place_batch(url: str, world: World) -> set[int]:
    """What may take longer than others is limited otherwise. The statuses of its orders."""
    line = {"product_id": str(world.seat.id), "quantity": 1}
    orders = [{"subscription_id": str(world.subscription.id), "lines": [line]}] * 5
    headers = {"Authorization": f"Bearer {world.token(world.group)}", "Idempotency-Key": "batch"}
    answer = httpx.post(f"{url}/api/v1/orders/batch", json={"orders": orders}, headers=headers)
    return {result["status"] for result in answer.json()["results"]}


def test_commands_that_need_a_session_refuse_a_pooler(pooler: Pooler) -> None:
    made = fusion("create-group", "Pooled", environment=pooler.environment)
    assert made.returncode == 0, made.stderr
    assert fusion("verify", environment=pooler.environment).returncode == 0
    refused = fusion("migrate", environment=pooler.environment)
    assert refused.returncode == 3
    assert "needs its own PostgreSQL session" in refused.stderr
    assert left_behind(pooler) == []


def test_an_undeclared_pooler_is_detected(pooler: Pooler) -> None:
    for command in ("worker", "verify"):
        refused = fusion(command, environment={"DATABASE_URL": pooler.url})
        assert refused.returncode == 3
        assert "Set FUSION_DATABASE_POOLER=transaction" in refused.stderr


@pytest.mark.parametrize("why", ["owner", "options"])
def test_options_that_a_pooler_drops_are_refused(pooler: Pooler, why: str) -> None:
    """The role that the owner's address takes for itself, and what libpq would set."""
    url = os.environ["DATABASE_URL"]
    if why == "options":
        url = make_conninfo(pooler.direct, options="-c statement_timeout=1s")
    refused = fusion("worker", environment={**pooler.environment, "DATABASE_URL": url})
    assert refused.returncode == 3
    answered = "their own login" if why == "owner" else "ALTER ROLE"
    assert answered in refused.stderr
