"""The numbers for Prometheus: right with several processes, and telling when something is wrong."""

import os
import signal
from collections import Counter
from pathlib import Path

import httpx
import psycopg
from django.conf import settings
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from fusion.edge import database_metrics
from tests.databases import url_of
from tests.owner import owner_rows
from tests.server import Server, run_server, wait_for
from tests.trunks.calling import admitted, end, lapsed, order_channels, trunk_id
from tests.world import World

Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def numbers(server: Server) -> Numbers:
    """Every sample, by its name and labels."""
    response = httpx.get(f"{server.url}/metrics", timeout=20)
    assert response.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def scraped(server: Server) -> Numbers:
    """The same, of a server that has just lost a process, with what had come in for it."""
    try:
        return numbers(server)
    except httpx.TransportError:
        return {}


def key(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """As `numbers` has it."""
    return name, tuple(sorted(labels.items()))


def children(server: Server) -> list[int]:
    """The process ids of the server's own processes."""
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as file:
        return [int(pid) for pid in file.read().split()]


def test_all_processes_are_counted(world: World, log: Path) -> None:
    token = world.token(world.group)
    with run_server(log, "--workers", "2") as server:
        for _ in range(20):  # each by a connection of its own: they spread over the processes
            headers = {"Authorization": f"Bearer {token}"}
            assert httpx.get(f"{server.url}/api/v1/products", headers=headers).status_code == 200
        for _ in range(7):
            assert httpx.get(f"{server.url}/api/v1/products").status_code == 401
        result = numbers(server)
        route = "api/v1/products"
        counted = key("fusion_http_requests_total", method="GET", route=route, status="200")
        assert result[counted] == 20
        assert result[key("fusion_http_request_seconds_count", method="GET", route=route)] == 27
        assert result[key("fusion_refusals_total", code="unauthenticated")] == 7
        assert result[key("fusion_database_up")] == 1

        os.kill(children(server)[0], signal.SIGKILL)
        wait_for(lambda: len(children(server)) == 2, "the process to be replaced")
        wait_for(lambda: scraped(server).get(counted) == 20, "what it has counted to stay")


def test_paths_and_methods_make_no_labels(log: Path) -> None:
    with run_server(log, "--workers", "1") as server:
        for number in range(5):
            httpx.request(f"M{number}", f"{server.url}/nowhere/{number}")
        result = numbers(server)
        unknown = [labels for name, labels in result if ("route", "unknown") in labels]
        assert unknown
        assert {value for labels in unknown for name, value in labels if name == "method"} == {
            "other"
        }


def test_pool(log: Path) -> None:
    with run_server(log, "--workers", "2") as server:
        wait_for(
            lambda: (
                numbers(server).get(key("fusion_database_pool_in_use"), -1) == 0
                and numbers(server)[key("fusion_database_pool_connections")] >= 1
            ),
            "an idle pool",
        )


def test_feed_lag(world: World) -> None:
    """The lag is the age of the oldest event that an open transaction still hides."""

    def lag() -> float:
        with database_metrics.direct_connection() as direct:
            row = direct.execute(database_metrics.FEED_LAG).fetchone()
            assert row is not None
            return float(row[0])

    writer = psycopg.connect(url_of(str(settings.DATABASES["default"]["NAME"])))
    with writer:
        writer.execute("SELECT pg_current_xact_id()")
        order = {
            "subscription_id": str(world.subscription.id),
            "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
        }
        assert world.call("POST", "/orders", order).status_code == 201
        assert 0 < lag() < 60
        before = lag()
        wait_for(lambda: lag() > before + 0.3, "the lag to grow")
        writer.rollback()
    wait_for(lambda: lag() == 0, "the feed to catch up")


def test_orders_by_state(world: World) -> None:
    """Counted exactly while there are few."""

    def result() -> dict[str, float]:
        lines = database_metrics.render().decode()
        return {
            sample.labels["state"]: sample.value
            for family in text_string_to_metric_families(lines)
            for sample in family.samples
            if sample.name == "fusion_orders"
        }

    before = result()
    assert set(before) == {"scheduled", "failed", "cancelled", "completed"}
    order = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    for more in ({}, {}, {"effective_at": "2030-01-01T00:00:00Z"}):
        assert world.call("POST", "/orders", {**order, **more}).status_code == 201
    after = result()
    assert after["completed"] - before["completed"] == 2
    assert after["scheduled"] - before["scheduled"] == 1


def test_live_calls(world: World) -> None:
    """Those that hold a channel now: neither ended ones nor lapsed ones."""

    def result() -> dict[str, float]:
        return {
            sample.labels["direction"]: sample.value
            for family in text_string_to_metric_families(database_metrics.render().decode())
            for sample in family.samples
            if sample.name == "fusion_calls_live"
        }

    def counted() -> dict[str, float]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT direction, lease_expires_at > now() AND ended_at IS NULL FROM trunks_call"
            )
            return dict(Counter(direction for direction, live in cursor.fetchall() if live))

    order_channels(world, 9)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b", "c")
    admitted(world, trunk, "a", direction="outbound")
    end(world, trunk, "c")
    lapsed(trunk, "d")
    # Calls of other tests may run out between the two looks.
    wait_for(lambda: result() == counted(), "the gauge to tell what is live")


def test_estimate_is_near() -> None:
    """What stands in for counting a large table, tried on this one."""
    owner_rows("ANALYZE ordering_order")  # others may not; PostgreSQL only warns them
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ordering_order")
        exact = cursor.fetchone()[0]
        cursor.execute(
            database_metrics.COMPLETED_ORDERS.replace(str(database_metrics.SMALL_TABLE), "-1")
        )
        estimate = cursor.fetchone()[0]
    assert abs(estimate - exact) <= 0.5 * exact + 10
