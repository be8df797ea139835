"""The database goes away and comes back: the server and the worker wait for it, and say so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings

from tests.databases import url_of
from tests.server import Server, run_server, run_worker, wait_for

PERSON = {"Accept": "text/html", "Accept-Language": "de"}


@contextmanager
def gone(url: str) -> Iterator[None]:
    """While this lasts the database takes no connection, and has ended those it had."""
    name = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    there = url_of(str(settings.DATABASES["default"]["NAME"]))
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user",
            [name],
        )
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@contextmanager
def full(url: str) -> Iterator[None]:
    """While this lasts the database takes no connection beside those it has."""
    name = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    there = url_of(str(settings.DATABASES["default"]["NAME"]))
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        try:
            with pytest.raises(psycopg.OperationalError, match="too many connections"):
                psycopg.connect(url)
            time.sleep(1.1)  # readiness and numbers are kept for a second
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")


def test_server_without_its_database(migrated_database: str, log: Path) -> None:
    environment = {"DATABASE_URL": migrated_database, "FUSION_DATABASE_POOL_WAIT": "1"}
    with run_server(log, "--workers", "2", environment=environment) as server:
        headers = {"Authorization": "Bearer unknown"}

        def ask() -> httpx.Response:
            return httpx.get(f"{server.url}/api/v1/products", headers=headers, timeout=20)

        assert ask().status_code == 401
        with gone(migrated_database):
            away = ask()
            assert away.status_code == 503, away.text
            assert away.json()["code"] == "unavailable"
            assert int(away.headers["retry-after"]) > 0
            assert "geheim" not in away.text
            page = httpx.get(f"{server.url}/sign-in", headers=PERSON, timeout=20)
            assert (page.status_code, page.headers["content-type"][:9]) == (503, "text/html")
            assert "Fusion kann die Datenbank gerade nicht erreichen" in page.text
            assert page.headers["retry-after"] and "script-src 'self'" in str(page.headers)
            ready = httpx.get(f"{server.url}/readyz", timeout=20)
            assert ready.status_code == 503
            assert ready.json()["code"] == "unavailable"
            assert ready.json()["detail"] == "The database is unreachable.", "no address of it"
            assert any("the database is unreachable" in line for line in server.lines())
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            metrics = httpx.get(f"{server.url}/metrics", timeout=20)
            assert "fusion_database_up 0.0" in metrics.text
            assert "fusion_refusals_total" in metrics.text
        wait_for(lambda: ask().status_code == 401, "the server to find its database again")
        wait_for(
            lambda: ask().status_code == 401 and sessions(migrated_database) > 1,
            "both processes to connect",
        )
        assert is_ready(server)
        with full(migrated_database):
            assert [ask().status_code for _ in range(4)] == [401] * 4
            assert is_ready(server)
            assert "fusion_database_up 1.0" in httpx.get(f"{server.url}/metrics").text
        assert not any("Traceback" in line for line in server.lines())


def sessions(url: str) -> int:
    """How many connections the server's processes hold: each has one at least after a request."""
    name = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    there = url_of(str(settings.DATABASES["default"]["NAME"]))
    with psycopg.connect(there) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]
        ).fetchall()
        return int(count)


def is_ready(server: Server) -> bool:
    """Whether whichever process answers has its database."""
    return httpx.get(f"{server.url}/readyz", timeout=20).status_code == 200


def test_the_database_is_found_soon_after_a_long_outage(migrated_database: str, log: Path) -> None:
    """Not after the longer and longer pauses that psycopg's pool makes by itself."""
    environment = {"DATABASE_URL": migrated_database, "FUSION_DATABASE_POOL_WAIT": "1"}
    with run_server(log, "--workers", "1", environment=environment) as server:

        def is_queried() -> bool:
            url = f"{server.url}/api/v1/products"
            answer = httpx.get(url, headers={"Authorization": "Bearer unknown"}, timeout=20)
            return answer.status_code == 401

        assert is_queried()
        with gone(migrated_database):
            until = time.monotonic() + 6
            while time.monotonic() < until:
                assert not is_queried()
        wait_for(is_queried, "the server to find its database", patience=3)


def test_worker_without_its_database(migrated_database: str, log: Path) -> None:
    environment = {"DATABASE_URL": migrated_database}
    swept = "SELECT coalesce(extract(epoch FROM max(finished_at)), 0)::bigint FROM jobs_run"

    def last_sweep() -> int:
        with psycopg.connect(migrated_database) as connection:
            row = connection.execute(swept).fetchone()
            assert row is not None
            return int(row[0])

    with run_worker(log, environment=environment) as worker:
        wait_for(lambda: last_sweep() > 0, "a first sweep")
        with gone(migrated_database):
            wait_for(lambda: "worker restarts" in log.read_text(), "the worker to notice", 60)
            assert worker.poll() is None
        before = last_sweep()
        wait_for(lambda: last_sweep() > before, "the worker to go on", 60)
        worker.terminate()
        assert worker.wait(30) == 0
