"""An upgrade from the release before, under load: no request fails, in either direction."""

import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import httpx
import psycopg
import pytest

from fusion.kernel.functions import SCHEMA, SERVED
from tests.server import Server, run_server, run_worker
from tests.upgrade import releases
from tests.upgrade.callers import Callers
from tests.upgrade.provider import Provider, found, furnish
from tests.upgrade.releases import Release

ROUNDS = 3
"""How often each caller does its work between two steps of the upgrade."""

pytestmark = pytest.mark.once


class Fleet:
    """Servers of several releases; callers know those of `urls`."""

    def __init__(self, database: str, logs: Path) -> None:
        self.database, self.logs = database, logs
        self.urls: list[str] = []
        self._stacks: dict[str, ExitStack] = {}
        # All processes share what an installation keeps in its environment.
        self.environment = {
            "DATABASE_URL": database,
            "FUSION_SECRET_KEY": secrets.token_urlsafe(48),
            "FUSION_DATABASE_POOL": "4",
        }

    def start(self, release: Release) -> str:
        """Start a server and a worker of the release, and let callers use the server."""
        stack = ExitStack()
        log = self.logs / f"{len(self._stacks)}.log"
        server: Server = stack.enter_context(
            run_server(
                log,
                "--workers",
                "1",
                environment=self.environment,
                cwd=str(release.folder),
            )
        )
        stack.enter_context(run_worker(log, environment=self.environment, cwd=str(release.folder)))
        self._stacks[server.url] = stack
        self.urls.append(server.url)
        return server.url

    def stop(self, url: str) -> None:
        """Stop a server and its worker while callers use it."""
        self._stacks.pop(url).close()
        self.urls.remove(url)

    def close(self) -> None:
        """Stop all; print what the servers logged as errors, which pytest shows after a failure."""
        for url in list(self.urls):
            self.stop(url)
        for log in self.logs.glob("*.log"):
            lines = log.read_text().splitlines(keepends=True)
            sys.stdout.writelines(line for line in lines if "error" in line)


@contextmanager
def run_fleet(database: str, logs: Path) -> Iterator[Fleet]:
    """No server yet; at the end all are stopped."""
    fleet = Fleet(database, logs)
    try:
        yield fleet
    finally:
        fleet.close()


@pytest.fixture
def former_fleet(former_database: str, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet on a database of the release before."""
    with run_fleet(former_database, tmp_path) as fleet:
        yield fleet


@pytest.fixture
def fleet(migrated_database: str, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet on a database of this release."""
    with run_fleet(migrated_database, tmp_path) as fleet:
        yield fleet


def this_release() -> Release:
    """The files that are tested."""
    return Release(releases.ROOT)


def prepare(fleet: Fleet, release: Release) -> tuple[str, Provider]:
    """A provider on the fleet's database, and a server of the release."""
    group, client = found(release, fleet.database)
    url = fleet.start(release)
    return url, furnish(url, group, client)


def check_books(fleet: Fleet, provider: Provider, callers: Callers, release: Release) -> None:
    """What was acknowledged is there once; the feed had each event once; the books agree."""
    verified = release.fusion("verify", database=fleet.database)
    assert verified.returncode == 0, verified.stdout
    with psycopg.connect(fleet.database) as direct:
        granted, used = direct.execute(
            "SELECT granted, used FROM ledger_balance WHERE subscription_id = %s AND sku = %s",
            [provider.other, "be-geo"],
        ).fetchone() or (0, 0)
        [(events,)] = direct.execute("SELECT count(*) FROM events_event").fetchall()
        [(live,)] = direct.execute(
            "SELECT count(*) FROM trunks_call WHERE ended_at IS NULL"
        ).fetchall()
    assert granted == 2_000 + callers.granted
    assert used == callers.assigned
    assert len(callers.events) == len(set(callers.events)) == events
    assert live == 0


def place(url: str, provider: Provider, key: str) -> httpx.Response:
    """An order under a key."""
    return httpx.post(
        f"{url}/api/v1/orders",
        headers={**provider.headers, "Idempotency-Key": key},
        json={
            "subscription_id": provider.subscription,
            "lines": [{"product_id": provider.seat, "quantity": 3}],
        },
        timeout=30,
    )


def guide() -> list[str]:
    """The commands of the operator's guide, in its order."""
    text = (releases.ROOT / "docs/operators-guide.md").read_text()
    chapter = text.split("## Upgrade without downtime")[1].split("\n## ")[0]
    return re.findall(r"^ {8}(fusion .+)$", chapter, re.MULTILINE)


def test_the_guide_describes_what_is_tested_here() -> None:
    assert guide() == ["fusion migrate", "fusion migrate --finish", "fusion verify"]


def test_the_release_before_runs_with_the_packages_of_this_one(before: Release) -> None:
    """Else it would need an installation of its own here."""
    lock = "requirements.txt"
    ours, theirs = (
        set(re.findall(r"^[\w.-]+==\S+", (folder / lock).read_text(), re.MULTILINE))
        for folder in (releases.ROOT, before.folder)
    )
    assert theirs <= ours


def test_from_the_release_before(former_fleet: Fleet, before: Release) -> None:
    fleet = former_fleet
    old, provider = prepare(fleet, before)
    callers = Callers(provider, fleet.urls)
    try:
        callers.wait_for_more(ROUNDS)
        first = place(old, provider, "sent to the old server first")
        assert "serving releases from schema 1 on" in this_release().migrate(fleet.database)
        callers.wait_for_more(ROUNDS)
        new = fleet.start(this_release())
        callers.wait_for_more(ROUNDS)
        second = place(new, provider, "sent to the new server first")
        for url, answer in ((new, first), (old, second)):
            key = answer.request.headers["Idempotency-Key"]
            again = place(url, provider, key)
            assert (again.status_code, again.content) == (201, answer.content)
            assert again.headers["Idempotency-Replayed"] == "true"
        fleet.stop(old)
        callers.wait_for_more(ROUNDS)
        old = fleet.start(before)  # the way back
        fleet.stop(new)
        callers.wait_for_more(ROUNDS)
        assert "functions: no files installed" in this_release().migrate(fleet.database)
        new = fleet.start(this_release())
        fleet.stop(old)
        callers.wait_for_more(ROUNDS)
        finished = this_release().migrate(fleet.database, "--finish")
        assert "upgrade: finished" in finished
        callers.wait_for_more(ROUNDS)
    finally:
        callers.stop()
    check_books(fleet, provider, callers, this_release())
    late = before.fusion("verify", database=fleet.database)
    assert (late.returncode, "functions" in late.stderr) == (3, True)


GROUP_KEYS = [
    table
    for room in ("catalogue", "ledger", "ordering", "reporting", "trunks", "users")
    for migration in sorted((releases.ROOT / f"fusion/{room}/migrations").glob("*_group_keys.py"))
    for table in import_module(f"fusion.{room}.migrations.{migration.stem}").TABLES
    if table.parent
]

SHAPE = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || ' '
       || a.attnotnull || a.attidentity::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'identity', c.relname, c.relreplident::text, i.indexrelid::regclass::text
FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


def test_an_upgraded_database_has_the_shape_of_a_new_one(
    former_fleet: Fleet, before: Release, migrated_database: str
) -> None:
    fleet = former_fleet
    url, _ = prepare(fleet, before)
    fleet.stop(url)
    with psycopg.connect(fleet.database, autocommit=True) as direct:
        direct.execute("SELECT billing_refresh(interval '0')")
    this_release().migrate(fleet.database)
    with psycopg.connect(fleet.database, autocommit=True) as direct:
        for table in GROUP_KEYS:
            rows, wrong = direct.execute(
                f"SELECT count(*), count(*) FILTER (WHERE w.group_id IS DISTINCT FROM p.group_id)"
                f" FROM {table.name} w LEFT JOIN {table.parent} p ON p.id = w.{table.column}"
            ).fetchone() or (0, 1)
            assert wrong == 0, table.name
            assert rows or table.name.startswith(("users_job", "trunks_channel")), table.name
    assert this_release().fusion("verify", database=fleet.database).returncode == 0
    shapes = []
    for database in (fleet.database, migrated_database):
        this_release().migrate(database, "--finish")
        with psycopg.connect(database) as direct:
            shapes.append(set(direct.execute(SHAPE).fetchall()))
    upgraded, new = shapes
    assert sorted(upgraded ^ new, key=str) == []


def next_release(folder: Path) -> Release:
    """This release as its successor may be: other comments, another version of a function."""
    following = releases.copy(folder)
    functions = folder / "fusion/kernel/functions.py"
    numbers = f"SCHEMA = {SCHEMA}\n", f"SERVED = {SERVED}\n"
    text = functions.read_text()
    for line, number in zip(numbers, (SCHEMA + 1, SCHEMA), strict=True):
        assert line in text
        text = text.replace(line, f"{line.split(' = ')[0]} = {number}\n")
    functions.write_text(text)
    for file in [*folder.glob("fusion/*/*.sql"), *folder.glob("fusion/ordering/*.py")]:
        comment = "--" if file.suffix == ".sql" else "#"
        renamed = re.sub(r"\bordering_place_v2\b", "ordering_place_v3", file.read_text())
        file.write_text(f"{renamed}\n{comment} Another comment.\n")
    return following


def test_to_the_next_release(fleet: Fleet, tmp_path: Path) -> None:
    following = next_release(tmp_path / "next")
    old, provider = prepare(fleet, this_release())
    callers = Callers(provider, fleet.urls)
    try:
        for _ in range(2):  # each time all files are installed anew
            with psycopg.connect(fleet.database) as direct:
                direct.execute("UPDATE kernel_schema SET files = '{}'")
            this_release().migrate(fleet.database)
            callers.wait_for_more(ROUNDS)
        following.migrate(fleet.database)
        new = fleet.start(following)
        callers.wait_for_more(ROUNDS)
        fleet.stop(old)
        old = fleet.start(this_release())  # the way back
        fleet.stop(new)
        callers.wait_for_more(ROUNDS)
        refused = this_release().fusion("migrate", database=fleet.database)
        assert refused.returncode == 3
        assert "This release is older than the database" in refused.stderr
        new = fleet.start(following)
        fleet.stop(old)
        finished = following.migrate(fleet.database, "--finish")
        assert "removed: ordering_place_v2(" in finished
        callers.wait_for_more(ROUNDS)
    finally:
        callers.stop()
    check_books(fleet, provider, callers, following)
    late = this_release().fusion("verify", database=fleet.database)
    assert late.returncode == 3
    assert "This release is older than the database" in late.stderr
