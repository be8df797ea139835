"""The server stops in good order, and does not survive its supervisor."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.bounds import PATIENCE
from tests.databases import url_of
from tests.server import Server, free_port, fusion, run_server, wait_for
from tests.world import World


def order(server: Server, world: World) -> httpx.Response:
    """Place an order of the world's subscription."""
    body: dict[str, Any] = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    return httpx.post(f"{server.url}/api/v1/orders", json=body, headers=headers, timeout=30)


def waits(world: World) -> bool:
    """Whether somebody waits for a lock in the test database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("stopping", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_are_finished(world: World, log: Path, stopping: signal.Signals) -> None:
    world.token(world.group)
    held = psycopg.connect(url_of(str(settings.DATABASES["default"]["NAME"])))
    with run_server(log, "--workers", "1") as server, ThreadPoolExecutor() as pool, held:
        held.execute(
            "SELECT 1 FROM tenancy_subscription WHERE id = %s FOR UPDATE", [world.subscription.id]
        )
        answer = pool.submit(order, server, world)
        wait_for(lambda: waits(world), "the order to wait for the subscription")
        server.process.send_signal(stopping)
        wait_for(lambda: any("Stopping worker" in line for line in server.lines()), "the stop")
        assert not answer.done()
        held.rollback()
        assert answer.result(PATIENCE).status_code == 201
        assert server.process.wait(20) == 0
    assert not any("Traceback" in line for line in server.lines())


def test_killed_supervisor_takes_its_processes_along(log: Path) -> None:
    with run_server(log, "--workers", "2") as server:
        server.stop(signal.SIGKILL)

        def refuses() -> bool:
            try:
                httpx.get(f"{server.url}/healthz", timeout=2)
            except httpx.TransportError:
                return True
            return False

        wait_for(refuses, "the port to be free")
    with run_server(log, "--workers", "1") as again:
        assert httpx.get(f"{again.url}/healthz").status_code == 200


def test_stopped_while_it_starts(log: Path) -> None:
    """At any moment: nobody swallows the order and is waited for."""
    for pause in (0.6, 0.8, 1.0, 1.3):
        with open(log, "ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "fusion.cli", "serve", "--port", str(free_port())],
                stdout=output,
                stderr=output,
            )
        time.sleep(pause)
        process.terminate()
        assert process.wait(10) in (0, -signal.SIGTERM)


def test_port_in_use(log: Path) -> None:
    with run_server(log, "--workers", "1") as server:
        done = fusion("serve", "--port", str(server.port))
        assert done.returncode == 3
        assert f"Cannot listen on 127.0.0.1:{server.port}" in done.stderr
        done = fusion("serve", environment={"PORT": str(server.port)})
        assert done.returncode == 3


def test_metrics_folders_are_cleared_away(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "var" / "metrics"
    with run_server(log, "--workers", "1", cwd=str(tmp_path)) as killed:
        assert len(list(folder.iterdir())) == 1
        assert folder.stat().st_mode & 0o077 == 0
        killed.stop(signal.SIGKILL)
    with run_server(log, "--workers", "1", cwd=str(tmp_path)) as server:
        wait_for(lambda: len(list(folder.iterdir())) <= 2, "one folder")
        assert server.stop() == 0
    with run_server(log, "--workers", "1", cwd=str(tmp_path)) as server:
        assert len(list(folder.iterdir())) == 1
        assert server.stop() == 0
    assert list(folder.iterdir()) == []
