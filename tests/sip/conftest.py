"""A server, a role of the database for proxies, and a customer for each test and each way."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from tests.server import run_server
from tests.sip.proxy import require_programs


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server with short leases."""
    from tests.sip.site import LEASE  # noqa: PLC0415 - Django must have been set up

    require_programs()
    log = tmp_path_factory.mktemp("server") / "log"
    with run_server(log, environment={"FUSION_CALL_LEASE_SECONDS": str(LEASE)}) as server:
        yield server.url


@pytest.fixture(scope="session")
def login() -> Iterator[object]:
    """A proxy's login to the database: a role that is only a member of fusion_calls."""
    from psycopg import sql  # noqa: PLC0415

    from tests.owner import owner_rows  # noqa: PLC0415
    from tests.sip.site import Login  # noqa: PLC0415

    held = Login(f"proxy_{secrets.token_hex(4)}", secrets.token_hex(16))
    role = sql.Identifier(held.role)
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE fusion_calls")
    owner_rows(statement.format(role, sql.Literal(held.password)).as_string(None))
    yield held
    owner_rows(sql.SQL("DROP ROLE {}").format(role).as_string(None))


@pytest.fixture
def kept_calls(login: object) -> Iterator[str]:
    """The URL of a database with Kamailio's tables for dialogs."""
    from tests.sip.site import Login, made_database  # noqa: PLC0415

    with made_database(cast(Login, login)) as url:
        yield url


@pytest.fixture(params=("http", "sql"))
def site(
    request: pytest.FixtureRequest, served: str, login: object, tmp_path: Path
) -> Iterator[object]:
    """A customer's trunk behind a proxy that uses HTTP, and then behind one that uses SQL."""
    from tests.sip import site as sites  # noqa: PLC0415
    from tests.sip.customer import Customer  # noqa: PLC0415
    from tests.sip.gate import Gate  # noqa: PLC0415

    assert isinstance(login, sites.Login)
    way: str = request.param
    by_http = (urlsplit(served).hostname or "", urlsplit(served).port or 0)
    gate = Gate(by_http if way == "http" else sites.database_address())
    yield sites.Site(Customer(), way, tmp_path, login, gate)
    gate.close()
