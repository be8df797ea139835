"""The database does not answer, over a network that can be frozen, cut and slowed down."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from fusion.edge import health
from fusion.kernel.postgresql.pulse import DEAD_AFTER, PROBE_AFTER
from tests.faults.load import place
from tests.faults.network import Network, frozen, network
from tests.server import Server, run_server, run_worker, wait_for
from tests.world import World

THREADS = 4

WAIT, LIMIT = 6, 7
"""Seconds, less than those that hold by default: of waiting for a connection, of a statement."""

MARGIN = 1.5
ANSWERED = WAIT + MARGIN
"""Seconds within which everybody is answered."""

OUTSIDER = {"Authorization": "Bearer unknown"}

CALLER = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
"""A client for each request would cost more than the request."""

Timed = tuple[httpx.Response, float]


@pytest.fixture(scope="module")
def between() -> Iterator[Network]:
    """A network before the database of the test run."""
    with network(os.environ["DATABASE_URL"]) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(between: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server process beyond it."""
    log = tmp_path_factory.mktemp("away") / "log"
    options = ("--workers", "1", "--threads", str(THREADS))
    environment = {
        "DATABASE_URL": f"{between.url()}?options=-c%20statement_timeout%3D{LIMIT}s",
        "FUSION_DATABASE_POOL_WAIT": str(WAIT),
    }
    with run_server(log, *options, environment=environment) as running:
        yield running


def ask(server: Server, path: str = "/api/v1/products") -> Timed:
    """The answer, and how many seconds it took."""
    begun = time.monotonic()
    response = CALLER.get(f"{server.url}{path}", headers=OUTSIDER)
    return response, time.monotonic() - begun


def ask_later(server: Server, path: str) -> Timed:
    """The same when what was found before the database went away is no longer valid."""
    time.sleep(health.WAIT + health.AGE)
    return ask(server, path)


def results(wanted: list[Future[Timed]]) -> list[Timed]:
    return [each.result(60) for each in wanted]


def test_frozen(between: Network, server: Server, tmp_path: Path) -> None:
    """More callers than threads: all are told within ten seconds, and health within one."""
    swept = "SELECT coalesce(extract(epoch FROM max(finished_at)), 0)::bigint FROM jobs_run"
    log = tmp_path / "worker"

    def last_sweep() -> int:
        with psycopg.connect(os.environ["DATABASE_URL"]) as direct:
            row = direct.execute(swept).fetchone()
            assert row is not None
            return int(row[0])

    assert ask(server)[0].status_code == 401
    environment = {"DATABASE_URL": between.url()}
    with ThreadPoolExecutor(20) as pool, run_worker(log, environment=environment) as worker:
        before = last_sweep()
        wait_for(lambda: last_sweep() > before, "the worker's first sweep")
        with frozen(between):
            early = [pool.submit(ask, server) for _ in range(2 * THREADS)]
            questions = [pool.submit(ask_later, server, path) for path in ("/readyz", "/metrics")]
            healths = []
            while not all(each.done() for each in early + questions):
                alive, seconds = ask(server, "/healthz")
                assert alive.status_code == 200
                healths.append(seconds)
                time.sleep(0.2)
            # Other tests keep the machine busy: one answer may be late.
            assert len(healths) > 10 and sorted(healths)[-2] < 1, healths
            assert all(seconds < ANSWERED for _, seconds in results(questions))
            for response, seconds in results(early):
                assert response.status_code == 503 and seconds < ANSWERED, (response.text, seconds)
                assert response.json()["code"] == "unavailable"
                assert int(response.headers["Retry-After"]) > 0
            (ready, _), (metrics, _) = results(questions)
            assert ready.status_code == 503
            assert "fusion_database_up 0.0" in metrics.text
            waiting = [pool.submit(ask, server) for _ in range(THREADS)]
            time.sleep(1)
            assert not any(each.done() for each in waiting)
        thawed = time.monotonic()
        # Who waited is served by the first connection there is.
        assert [response.status_code for response, _ in results(waiting)] == [401] * THREADS
        assert time.monotonic() - thawed < 2
        before = last_sweep()
        wait_for(lambda: last_sweep() > before, "the worker to go on", 15)
        assert worker.poll() is None
    assert ask(server, "/readyz")[0].status_code == 200
    metrics, _ = ask(server, "/metrics")
    assert 'fusion_database_outages_total{reason="away"}' in metrics.text
    assert any("the database does not respond" in line for line in server.lines())
    assert not any("Traceback" in line for line in server.lines())


def test_cut(between: Network, server: Server) -> None:
    """Nobody listens for a while: callers wait, and are served as soon as somebody does."""
    assert ask(server)[0].status_code == 401
    with ThreadPoolExecutor(THREADS) as pool:
        between.cut()
        waiting = [pool.submit(ask, server) for _ in range(THREADS)]
        time.sleep(2.5)
        assert not any(each.done() for each in waiting)
        between.mend()
        mended = time.monotonic()
        assert [response.status_code for response, _ in results(waiting)] == [401] * THREADS
        assert time.monotonic() - mended < 2


def test_slow(between: Network, server: Server) -> None:
    """A slow network is no outage."""
    between.slow(0.3)
    try:
        response, seconds = ask(server)
        assert response.status_code == 401 and seconds > 0.6, seconds
    finally:
        between.mend()


def test_a_long_statement_ends_at_its_own_limit(world: World, server: Server) -> None:
    """The database lives, and orders wait: longer than for a dead one, and beyond the limit."""
    lock = "SELECT FROM tenancy_subscription WHERE id = %s FOR UPDATE"
    other = World()
    url = os.environ["DATABASE_URL"]
    with (
        ThreadPoolExecutor(2) as pool,
        psycopg.connect(url) as short,
        psycopg.connect(url) as long,
    ):
        short.execute(lock, [world.subscription.id])
        long.execute(lock, [other.subscription.id])
        before = other.fingerprint()
        patient, late = (pool.submit(order, each, server) for each in (world, other))
        time.sleep(DEAD_AFTER + PROBE_AFTER + 1)
        assert not patient.done()
        short.rollback()
        assert patient.result(30)[0].status_code == 201
        response, seconds = late.result(30)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert "too slow" in response.json()["detail"] and LIMIT <= seconds < LIMIT + MARGIN
        long.rollback()
    assert other.fingerprint() == before
    assert order(other, server)[0].status_code == 201


def order(world: World, server: Server) -> Timed:
    begun = time.monotonic()
    with httpx.Client(timeout=30) as http:
        response = place(http, server.url, world.token(world.group), world, "the one")
    assert response is not None
    return response, time.monotonic() - begun
