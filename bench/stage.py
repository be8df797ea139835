"""The measured system: a separate embedded PostgreSQL, a small and a large database, servers.

Commits are durable, as in production. The databases are kept in `var/bench` and used again.
"""

import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from fusion.embedded import Cluster, lease

VAR = Path("var/bench")
_SMALL = {"tenants": 200, "subscriptions": 1_000, "orders": 10_000}
PLANS = {
    "small": _SMALL,
    "large": {"tenants": 20_000, "subscriptions": 100_000, "orders": 1_000_000},
    # Without the million numbers and the long ledgers that the hot paths need.
    "pages": _SMALL,
}
"""The seed's options for each stage."""

YARDSTICK = ("", "_decide", "_ledger", "_numbers", "_users", "_calls")
"""The first release's functions, each after those that it calls."""

SAMPLE = 1_000
"""The number of subscriptions in requests."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A served database: its URL, the credentials, and the ids for requests."""

    name: str
    database_url: str
    port: int
    server: int
    token: str
    group_id: str
    path: str
    product_id: str
    subscriptions: list[str]

    def environment(self) -> dict[str, str]:
        """The environment of commands on its database."""
        return environment_of(self.database_url)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One API call by the group; SystemExit if it is refused."""
        wanted = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(wanted, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"bench: {method} {path}: {error.read().decode()}") from error

    def resident_mb(self) -> float:
        """Memory of the largest server process, in MiB."""
        return self._memory("VmRSS:")

    def peak_mb(self) -> float:
        """The peak memory of the largest server process, in MiB."""
        return self._memory("VmHWM:")

    def _memory(self, measure: str) -> float:
        children = Path(f"/proc/{self.server}/task/{self.server}/children").read_text().split()
        return max(_memory_mb(int(pid), measure) for pid in [str(self.server), *children])


def _memory_mb(pid: int, measure: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(measure):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def open_stages(*names: str, workers: int) -> Iterator[list[Stage]]:
    """The stages of these names; creates missing ones, and stops the servers at the end."""
    with ExitStack() as stack:
        VAR.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(VAR / "postgres")
        held = stack.enter_context(lease(cluster))
        yield [
            stack.enter_context(_serve(name, cluster, held.url, PLANS[name], workers))
            for name in names
        ]


@contextmanager
def _serve(
    name: str, cluster: Cluster, admin_url: str, plan: dict[str, int], workers: int
) -> Iterator[Stage]:
    database = f"bench_{name}"
    url = cluster.url(database)
    environment = environment_of(url)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        known = admin.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            admin.execute(f'CREATE DATABASE "{database}"')
    fusion(environment, "migrate")
    with psycopg.connect(url, autocommit=True) as sql:
        if sql.execute("SELECT 1 FROM ledger_balance LIMIT 1").fetchone() is None:
            options = [f"--{option}={number}" for option, number in plan.items()]
            fusion(environment, "seed", *options)
        _prepare(sql)
        group_id, path, product_id = sql.execute(
            "SELECT o.id::text, o.path, p.id::text FROM tenancy_organization o"
            " JOIN catalogue_product p ON p.group_id = o.id AND p.status = 'active'"
            " WHERE o.kind = 'group' ORDER BY p.code LIMIT 1"
        ).fetchone() or ("", "", "")
        ids = [row[0] for row in sql.execute("SELECT id::text FROM bench_subscription ORDER BY i")]
    client = json.loads(fusion(environment, "create-client", group_id, "--json"))
    with _server(environment, workers) as (port, pid):
        token = _token(port, client["client_id"], client["client_secret"])
        yield Stage(name, url, port, pid, token, group_id, path, product_id, ids)


@contextmanager
def served(stage: Stage, workers: int) -> Iterator[Stage]:
    """The same stage, served by other processes."""
    with _server(stage.environment(), workers) as (port, pid):
        yield replace(stage, port=port, server=pid)


@contextmanager
def _server(environment: dict[str, str], workers: int) -> Iterator[tuple[int, int]]:
    """The port and the process of a server."""
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "fusion.cli", "serve", f"--port={port}", f"--workers={workers}"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(port, server)
        yield port, server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _prepare(sql: psycopg.Connection[tuple[object, ...]]) -> None:
    """A fixed sample of active subscriptions, numbered for pgbench, and fresh statistics."""
    sql.execute("DROP TABLE IF EXISTS bench_subscription")
    sql.execute(
        "CREATE TABLE bench_subscription AS SELECT row_number() OVER () AS i, id FROM ("
        " SELECT id FROM tenancy_subscription WHERE status = 'active'"
        " ORDER BY md5(id::text) LIMIT %s) s",
        [SAMPLE],
    )
    sql.execute("CREATE UNIQUE INDEX ON bench_subscription (i)")
    for part in YARDSTICK:
        sql.execute(Path(__file__).with_name(f"yardstick{part}.sql").read_bytes())
    sql.execute("VACUUM ANALYZE")


def environment_of(url: str) -> dict[str, str]:
    """The environment of commands on the database at `url`."""
    return {**os.environ, "DATABASE_URL": url, "FUSION_LOG_LEVEL": "ERROR"}


def fusion(environment: dict[str, str], *arguments: str, stdin: str | None = None) -> str:
    """Run a `fusion` command with `stdin` on its stdin; returns its output."""
    return subprocess.run(
        [sys.executable, "-m", "fusion.cli", *arguments],
        env=environment,
        input=stdin,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("bench: the server did not become ready")


def _token(port: int, client_id: str, client_secret: str) -> str:
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    wanted = urllib.request.Request(
        f"http://127.0.0.1:{port}/oauth/token",
        b"grant_type=client_credentials",
        {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(wanted, timeout=10) as answer:
        token: str = json.load(answer)["access_token"]
    return token


def shuffled(items: list[str]) -> list[str]:
    """The items in a random order, the same in every run."""
    return random.Random(1).sample(items, len(items))
