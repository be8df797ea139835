"""What callers without credentials may cost: memory, processor time, and what they are told."""

import gzip
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from fusion.kernel.recent import Recent
from tests.server import Server, run_server
from tests.world import World

MIB = 1024 * 1024
SENDERS = 32
BODY = 64 * MIB

ADDRESSES = (
    "/api/v1/subscriptions/0198f0a0-0000-7000-8000-000000000000/users/batch",
    "/api/v1/orders/batch",
    "/api/v1/orders",
    "/oauth/token",
    "/sign-in",
    "/password/forgotten",
    "/subscriptions/0198f0a0-0000-7000-8000-000000000000/users/uploads",
    "/no/such/address",
)


def processes(server: Server) -> list[Path]:
    """What the kernel tells of the server's own processes."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [Path("/proc") / child for child in children]


def memory(server: Server) -> int:
    """Bytes that the server's processes have had at most."""
    lines = [
        line for each in processes(server) for line in (each / "status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def seconds(server: Server) -> float:
    """Seconds of the processor that the server's processes have taken."""
    ticks = 0
    for each in processes(server):
        figures = (each / "stat").read_text().rpartition(")")[2].split()
        ticks += int(figures[11]) + int(figures[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one process, so that its memory and time are all there is."""
    with run_server(tmp_path_factory.mktemp("strangers") / "log", "--workers", "1") as running:
        yield running


def send(server: Server, path: str, headers: str, answers: list[bytes]) -> None:
    """One body of 64 MiB in chunks, for as long as the server takes it."""
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
            f"{headers}Transfer-Encoding: chunked\r\n\r\n"
        )
        try:
            connection.sendall(head.encode())
            for _ in range(BODY // 65_536):
                connection.sendall(piece)
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        try:
            answers.append(connection.recv(12))
        except OSError:
            answers.append(b"")


@pytest.mark.once
@pytest.mark.parametrize("headers", ["", "Authorization: Bearer x\r\n", "Cookie: session=x\r\n"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_unauthenticated_bodies_take_no_memory(server: Server, path: str, headers: str) -> None:
    httpx.post(f"{server.url}{path}", content=b"x")
    before = memory(server)
    answers: list[bytes] = []
    senders = [Thread(target=send, args=(server, path, headers, answers)) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert len(answers) == SENDERS
    assert {answer[9:10] for answer in answers if answer} <= {b"4"}, answers
    assert memory(server) - before < 32 * MIB


def routes() -> Iterator[str]:
    """Every address that has no parameter."""

    def below(patterns: list[URLPattern | URLResolver], start: str) -> Iterator[str]:
        for pattern in patterns:
            path = start + str(pattern.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
            if isinstance(pattern, URLResolver):
                yield from below(pattern.url_patterns, path)
            elif not any(sign in path for sign in "<(["):
                yield path

    yield from dict.fromkeys(below(get_resolver().url_patterns, "/"))


DEAREST = 100
"""How many times what health takes an answer may take; a page takes some 20 times as much."""

COSTLY = {"/metrics": 1_000}
"""Addresses that are hidden from strangers; worked out once a second at most."""


def cost(server: Server, ask: Callable[[], object], count: int = 20) -> float:
    """Seconds of the processor for each time."""
    ask()
    before = seconds(server)
    for _ in range(count):
        ask()
    return (seconds(server) - before) / count


@pytest.mark.once
def test_unauthenticated_requests_are_answered_cheaply(server: Server) -> None:
    """None takes the processor `DEAREST` times as long as health; hashes need a form's token."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        health = max(cost(server, lambda: client.get("/healthz"), 300), 0.0002)
        dear = {}
        for path in routes():
            ratio = cost(server, lambda path=path: client.get(path)) / health  # type: ignore[misc]
            if ratio > COSTLY.get(path, DEAREST):
                dear[path] = round(ratio)
        assert dear == {}
        guesses = {"login": "nobody@example.com", "password": "a guess"}
        statuses = [client.post("/sign-in", data=guesses).status_code for _ in range(40)]
        assert set(statuses) <= {403, 429}, "a form without its token costs no hash"


def test_the_description_is_built_once(server: Server) -> None:
    url = f"{server.url}/api/v1/openapi.json"
    plain = httpx.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = httpx.get(url, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) * 5 < len(plain.content)
    tag = {"If-None-Match": packed.headers["etag"]}
    again = httpx.get(url, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert httpx.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert httpx.post(url).status_code == 405


def test_metrics_are_small(server: Server) -> None:
    with httpx.stream(
        "GET", f"{server.url}/metrics", headers={"Accept-Encoding": "gzip"}
    ) as result:
        raw = b"".join(result.iter_raw())
    assert len(raw) < 64 * 1024
    assert b"fusion_http_requests_total" in gzip.decompress(raw)


def test_concurrent_requests_share_one_computation() -> None:
    made = []

    def make() -> int:
        made.append(1)
        time.sleep(0.2)
        return len(made)

    recent = Recent(make, 30)
    askers = [Thread(target=recent.get) for _ in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(10)
    assert recent.get() == 1


def test_responses_require_https(log: Path) -> None:
    with run_server(log, "--workers", "1", environment={"FUSION_HTTPS": "true"}) as server:
        for path in ("/sign-in", "/api/v1/products", "/healthz", "/static/portal/app.css"):
            answer = httpx.get(f"{server.url}{path}")
            assert answer.headers["strict-transport-security"] == "max-age=31536000", path
        assert not any("FUSION_HTTPS" in line for line in server.lines())


def test_a_warning_where_others_can_connect(server: Server, log: Path) -> None:
    assert not any("FUSION_HTTPS" in line for line in server.lines())
    assert "strict-transport-security" not in httpx.get(f"{server.url}/healthz").headers
    with run_server(log, "--workers", "1", "--host", "0.0.0.0") as open_to_all:
        assert any("Warning: FUSION_HTTPS is not set" in line for line in open_to_all.lines())


def test_headers_with_underscores_are_dropped(server: Server, world: World) -> None:
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    url = f"{server.url}/api/v1/products"
    assert (
        httpx.get(url, headers={**headers, "X_Request_Id": "mine"}).headers["x-request-id"]
        != "mine"
    )
