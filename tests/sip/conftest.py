"""A server, a customer's trunk, and a proxy by each of the two ways: HTTP and SQL."""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.db import connection
from psycopg import sql

from tests.server import run_server
from tests.sip.gate import Gate
from tests.sip.provider import Provider
from tests.sip.proxy import Proxy, require_programs, run_proxy

LEASE, RENEW_AFTER = 4, 1
"""Seconds: short, so that nobody waits long for a lease to lapse."""

WAYS = ("http", "sql")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a real server listens that gives short leases."""
    require_programs()
    log = tmp_path_factory.mktemp("server") / "log"
    with run_server(log, environment={"FUSION_CALL_LEASE_SECONDS": str(LEASE)}) as server:
        yield server.url


@pytest.fixture(scope="session")
def founded(served: str) -> Provider:
    """A provider."""
    made = Provider(served, dict(os.environ))
    made.found()
    return made


@pytest.fixture
def provider(founded: Provider) -> Provider:
    """A customer of it, with a trunk and no channel yet."""
    return founded.customer()


@pytest.fixture(scope="session")
def login() -> Iterator["Login"]:
    """How a proxy reaches the database: as a role that is a member of fusion_calls and no more."""
    role, password = f"proxy_{secrets.token_hex(4)}", secrets.token_hex(16)
    named = sql.Identifier(role)
    with connection.cursor() as cursor:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE fusion_calls")
        cursor.execute(statement.format(named, sql.Literal(password)))
    yield Login(role, password)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP ROLE {}").format(named))


@dataclass(frozen=True)
class Login:
    """A role of the database, and its password."""

    role: str
    password: str

    def words(self, port: int) -> dict[str, str]:
        """The words of settings.cfg for a database behind that port."""
        database = urlsplit(os.environ["DATABASE_URL"]).path
        address = f"{self.role}:{self.password}@127.0.0.1:{port}"
        return {"FUSION_DB": f"postgres://{address}{database}"}


def _database_address() -> tuple[str, int] | str:
    """Where the test database listens: an address, or the path of a unix socket."""
    found = urlsplit(os.environ["DATABASE_URL"])
    host = unquote(found.hostname or "") or parse_qs(found.query).get("host", ["localhost"])[0]
    port = found.port or 5432
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


@dataclass
class Site:
    """A customer, and how proxies for its trunk are set up: `gate` is their way to Fusion."""

    provider: Provider
    way: str
    folder: Path
    login: Login
    gate: Gate

    def proxy(
        self, *lines: str, name: str = "proxy", **words: str
    ) -> AbstractContextManager[Proxy]:
        """A proxy that asks in this way; `lines` and `words` are those of settings.cfg."""
        if self.way == "sql":
            lines = (*lines, "FUSION_BY_SQL")
        credentials = self.provider.credentials
        return run_proxy(
            self.folder / name,
            trunk_id=self.provider.trunk_id,
            words={
                **self.login.words(self.gate.port),
                "FUSION_URL": f"http://127.0.0.1:{self.gate.port}",
                "FUSION_CLIENT_ID": credentials["client_id"],
                "FUSION_CLIENT_SECRET": credentials["client_secret"],
                "LEASE": str(LEASE),
                "RENEW_AFTER": str(RENEW_AFTER),
                **words,
            },
            lines=lines,
        )


@pytest.fixture(params=WAYS)
def site(
    request: pytest.FixtureRequest, provider: Provider, tmp_path: Path, login: Login
) -> Iterator[Site]:
    """A customer's trunk behind a proxy that asks by HTTP, and then behind one by SQL."""
    way: str = request.param
    served = urlsplit(provider.address)
    by_http = (served.hostname or "", served.port or 0)
    gate = Gate(by_http if way == "http" else _database_address())
    yield Site(provider, way, tmp_path, login, gate)
    gate.close()
