"""The server process: it starts, answers, and stops in good order."""

from pathlib import Path

import httpx

from tests.server import run_server


def test_it_starts_and_stops(tmp_path: Path) -> None:
    with run_server(tmp_path / "log", "--workers", "2") as server:
        assert httpx.get(f"{server.url}/healthz").json() == {"status": "alive"}
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
        assert server.stop() == 0
    httpx_error = None
    try:
        httpx.get(f"{server.url}/healthz")
    except httpx.ConnectError as error:
        httpx_error = error
    assert httpx_error
