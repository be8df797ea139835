"""Two hundred callers who send or read slowly, of every kind: health and orders go on meanwhile."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.bounds import PATIENCE
from tests.server import Server, run_server, wait_for
from tests.world import World

CALLERS = 200
BODY_SECONDS = 4
QUICK = 1.0
"""Seconds within which health and an order are answered."""

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
LONG = "Content-Length: 1000\r\n\r\na"
CHUNK = "Transfer-Encoding: chunked\r\n\r\n5\r\na"

KINDS = {
    "headers that do not end": "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "nothing at all": "",
    "idle between requests": "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a form for a token": f"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n{FORM}{LONG}",
    "a form for a token in chunks": (
        f"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n{FORM}{CHUNK}"
    ),
    "a sign-in": f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n{FORM}{LONG}",
    "a forgotten password in chunks": (
        f"POST /password/forgotten HTTP/1.1\r\nHost: localhost\r\n{FORM}{CHUNK}"
    ),
    "a form of a made-up session": (
        "POST /account/theme HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: session=madeup; csrf=madeup\r\n{FORM}{LONG}"
    ),
    "a large form of a made-up session": (
        "POST /subscriptions/x/users/uploads HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: session=madeup\r\n{FORM}Content-Length: 9000000\r\n\r\na"
    ),
    "an unknown address": f"POST /no/such HTTP/1.1\r\nHost: localhost\r\n{LONG}",
    "an unknown address in chunks": f"GET /no/such HTTP/1.1\r\nHost: localhost\r\n{CHUNK}",
    "an unknown method": f"BREW /no/such HTTP/1.1\r\nHost: localhost\r\n{CHUNK}",
    "health": f"POST /healthz HTTP/1.1\r\nHost: localhost\r\n{LONG}",
    "an order without a token": f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n{LONG}",
    "an order of a made-up token": (
        f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n{LONG}"
    ),
    "a batch of a made-up token in chunks": (
        "POST /api/v1/subscriptions/0198f0a0-0000-7000-8000-000000000000/users/batch HTTP/1.1\r\n"
        "Host: localhost\r\n"
        f"Content-Type: text/csv\r\nAuthorization: Bearer x\r\n{CHUNK}"
    ),
    "an order": (
        "POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {{token}}\r\n{LONG}"
    ),
    "an order in chunks": (
        "POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {{token}}\r\n{CHUNK}"
    ),
    "a call": (
        "PUT /api/v1/trunks/x/calls/inbound/1 HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {{token}}\r\n{LONG}"
    ),
}
"""What each caller sends before it stands still."""

AT_ONCE = ("an order without a token", "a batch of a made-up token in chunks")
"""Kinds that need a token and do not have one: refused from the headers alone."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With few threads, so that a caller who held one would be noticed."""
    log = tmp_path_factory.mktemp("slow") / "log"
    environment = {"FUSION_BODY_SECONDS": str(BODY_SECONDS)}
    options = ("--workers", "2", "--threads", "4")
    with run_server(log, *options, environment=environment) as running:
        yield running


@contextmanager
def callers(server: Server, text: str, count: int = CALLERS) -> Iterator[list[socket.socket]]:
    """So many connections on which `text` was sent, and nothing more will be."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            opened.append(stack.enter_context(connection))
            connection.sendall(text.encode())
        yield opened


def quickest(act: Callable[[], httpx.Response], status: int) -> float:
    """The shortest time of three tries: others use the machine as well."""
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        assert act().status_code == status
        took.append(time.perf_counter() - begun)
    return min(took)


def stay_quick(server: Server, world: World) -> None:
    """Health and orders are answered over new connections."""
    order = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    url = server.url
    assert quickest(lambda: httpx.get(f"{url}/healthz", timeout=30), 200) < QUICK
    placed = f"{url}/api/v1/orders"
    answer = quickest(lambda: httpx.post(placed, json=order, headers=headers, timeout=30), 201)
    assert answer < QUICK


@pytest.mark.parametrize("kind", KINDS)
def test_slow_callers_do_not_block_others(server: Server, world: World, kind: str) -> None:
    text = KINDS[kind].format(token=world.token(world.group))
    with callers(server, text) as opened:
        stay_quick(server, world)
        if kind in AT_ONCE:
            answers = [connection.recv(12) for connection in opened]
            assert answers == [b"HTTP/1.1 401"] * CALLERS


ENDING = [kind for kind in KINDS if kind not in ("nothing at all", "idle between requests")]


def rest_of(connection: socket.socket) -> tuple[bytes, float]:
    """What comes until the connection is closed, and the seconds until then."""
    begun = time.monotonic()
    received = b""
    while (piece := connection.recv(65536)) and time.monotonic() - begun < 15:
        received += piece
    return received, time.monotonic() - begun


@pytest.fixture(scope="module")
def ends(server: Server) -> dict[str, list[tuple[bytes, float]]]:
    """Kind → the ends of two connections; all kinds wait at the same time."""
    world = World()
    token = world.token(world.group)
    with ExitStack() as stack, ThreadPoolExecutor(2 * len(ENDING)) as pool:
        waiting = {}
        for kind in ENDING:
            opened = stack.enter_context(callers(server, KINDS[kind].format(token=token), 2))
            waiting[kind] = [pool.submit(rest_of, connection) for connection in opened]
        return {kind: [each.result(PATIENCE) for each in ends] for kind, ends in waiting.items()}


@pytest.mark.parametrize("kind", ENDING)
def test_slow_clients_are_disconnected(
    ends: dict[str, list[tuple[bytes, float]]], kind: str
) -> None:
    """With an answer, and the connection is closed."""
    assert len(ends[kind]) == 2
    for received, seconds in ends[kind]:
        assert seconds < 15
        if kind != "headers that do not end":
            assert received.startswith(b"HTTP/1.1 "), kind
            assert received[9:10] in (b"2", b"4"), received[:300]


def test_a_late_body_gets_408(server: Server, world: World) -> None:
    text = KINDS["an order"].format(token=world.token(world.group))
    with callers(server, text, 1) as [connection]:
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request-timeout"' in answer
    assert f"{BODY_SECONDS} seconds".encode() in answer


def test_a_body_cut_short_changes_nothing(server: Server, world: World) -> None:
    """Whether its length was declared or not: half a list of users is no list."""
    subscription = world.subscription.id
    token = world.token(world.group)
    jobs = f"{server.url}/api/v1/subscriptions/{subscription}/users"
    head = (
        f"POST /api/v1/subscriptions/{subscription}/users/batch HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: text/csv\r\nAuthorization: Bearer {token}\r\n"
    )
    body = "login,display_name,kind,number\na@example.com,A,user,\n"
    for rest in (
        f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n",
        f"Content-Length: {len(body) + 10}\r\n\r\n{body}",
    ):
        with callers(server, head + rest, 1) as [connection]:
            connection.shutdown(socket.SHUT_WR)
            assert not connection.recv(65536).startswith(b"HTTP/1.1 2")
    listed = httpx.get(jobs, headers={"Authorization": f"Bearer {token}"})
    assert listed.json()["items"] == []


def test_all_threads_are_free_again(server: Server, world: World) -> None:
    """After everything that this file has done to the server."""
    stay_quick(server, world)
    wait_for(lambda: httpx.get(f"{server.url}/readyz").status_code == 200, "the server")
    assert not any("Traceback" in line for line in server.lines())
