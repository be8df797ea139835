"""Bytes that no well-behaved client sends, to a real server: refused, and nothing changed."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from fusion.kernel.http import MAX_BODY
from fusion.kernel.ids import new_id
from tests.ordering.placing import balances, draft
from tests.server import Server, run_server
from tests.world import World

CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of these."""
    log: Path = tmp_path_factory.mktemp("wire") / "server.log"
    with run_server(log) as running:
        yield running


def exchange(server: Server, request: bytes) -> tuple[int, bytes]:
    """(status, body) of the answer to these bytes; (0, b"") when the connection was closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        with suppress(OSError):  # answered and closed before all was read
            wire.sendall(request)
        answer = b""
        with suppress(OSError):
            while part := wire.recv(65536):
                answer += part
    if not answer:
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def request(
    world: World, body: bytes, *more: str, path: str = "/api/v1/orders", length: bool = True
) -> bytes:
    """A POST as bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        f"Authorization: Bearer {world.token(world.group)}",
        "Content-Type: application/json",
        *([f"Content-Length: {len(body)}"] if length else []),
        *more,
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def in_chunks(body: bytes, size: int = 100_000) -> bytes:
    """The body as chunks, its length told nowhere."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def order(world: World) -> bytes:
    """The body of an order."""
    return orjson.dumps(draft(world))


def test_an_ordinary_request_and_one_in_chunks(server: Server, world: World) -> None:
    assert exchange(server, request(world, order(world)))[0] == 201
    chunked = request(world, in_chunks(order(world), 10), CHUNKED, length=False)
    assert exchange(server, chunked)[0] == 201
    assert balances(world)["user"] == (2, 0)


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/skus?limit=1"])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_of_a_get(server: Server, world: World, path: str, chunked: bool) -> None:
    statuses = {b'{"x": 1}': 422, b"{oops": 400, b"[]": 400, b"{}": 200, b"": 200}
    for body, expected in statuses.items():
        pieces = in_chunks(body) if body else b"0\r\n\r\n"
        sent = (
            request(world, pieces, CHUNKED, path=path, length=False)
            if chunked
            else request(world, body, path=path)
        )
        assert exchange(server, sent.replace(b"POST", b"GET", 1))[0] == expected, body


def test_the_body_of_a_get_without_a_token(server: Server, world: World) -> None:
    """It is not waited for."""
    sent = request(world, b"{", "Content-Length: 1000", length=False).replace(b"POST", b"GET", 1)
    nobody = sent.replace(b"Authorization: Bearer", b"Authorization: Nobody")
    assert exchange(server, nobody)[0] == 401


def test_oversized_bodies_are_refused_with_or_without_content_length(
    server: Server, world: World
) -> None:
    before = world.fingerprint()
    large = order(world).ljust(MAX_BODY + 1)
    for sent in (
        request(world, large),
        request(world, in_chunks(large), CHUNKED, length=False),
        request(world, b"", f"Content-Length: {10**18}", length=False),
    ):
        status, body = exchange(server, sent)
        assert status == 413
        assert b'"code":"too-large"' in body
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 5",
        "Content-Length: -1",
        "Content-Length: x",
        "Transfer-Encoding: gzip",
        "Idempotency-Key: a\0b",
        "Idempotency-Key: a\tb",
        "Idempotency-Key: \udcff",
        "Idempotency-Key:",
        "Idempotency-Key: a\r\nIdempotency-Key: b",
        "Idempotency-Key: a\r\nidempotency-key: a",
        "Authorization: Bearer other",
        "Content-Type: application/json; charset*=nonsense''x",
        "X: " + "y" * 2_000_000,
        "\0: x",
        "no colon",
    ],
    ids=lambda more: repr(more[:28]),
)
def test_headers_that_are_none(server: Server, world: World, more: str) -> None:
    before = world.fingerprint()
    length = not more.startswith(("Content-Length", "Transfer"))
    status, _ = exchange(server, request(world, order(world), more, length=length))
    assert status in (0, 400, 401, 413, 415, 422, 431), status
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/orders/%00",
        "/api/v1/orders/\udcff\udcfe",
        "/api/v1/orders/%ff",
        "/api/v1/orders/../orders/x",
        "//api/v1/orders",
        "/api/v1/orders/",
        "/api/v1/" + "x" * 20_000,
        f"/api/v1/orders/{new_id()}/cancel;x=1",
    ],
    ids=lambda path: repr(path[:15]),
)
def test_paths_without_a_resource(server: Server, world: World, path: str) -> None:
    before = world.fingerprint()
    status, body = exchange(server, request(world, order(world), path=path))
    assert status in (0, 400, 404, 405, 414, 431), (status, body)
    assert world.fingerprint() == before


def test_less_than_was_announced(server: Server, world: World) -> None:
    before = world.fingerprint()
    sent = request(world, order(world)[:-20], f"Content-Length: {len(order(world))}", length=False)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        answer = wire.recv(65536)
    assert not answer or answer.split()[1] in (b"400", b"422")
    assert world.fingerprint() == before


def test_the_server_is_still_well(server: Server, world: World) -> None:
    assert exchange(server, request(world, order(world)))[0] == 201
    assert not [entry for entry in server.lines() if '"fault"' in entry]
