"""A real server and readers of long answers: constant memory, and room for everybody else."""

import socket
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from fusion.edge.gateway.answers import PATIENCE
from fusion.kernel.stream import CUT_OFF, STREAMS
from tests.owner import owner_rows
from tests.server import Server, wait_for
from tests.trunks.calling import trunk_id
from tests.trunks.test_records import put_on_record
from tests.world import World

pytestmark = pytest.mark.once

ROWS = 60_000

MEGABYTES = 25
"""What reading them may add to the server's memory. The answer itself is 12 MB, and the rows take
ten times as much as objects of Python."""


def memory(server: Server) -> float:
    """Megabytes that the server's process holds at most so far."""
    pid = server.process.pid
    child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    [line] = [each for each in Path(f"/proc/{child}/status").read_text().splitlines()
              if each.startswith("VmHWM")]  # fmt: skip
    return int(line.split()[1]) / 1024


def test_constant_memory(server: Server, world: World, day: datetime) -> None:
    put_on_record(world, trunk_id(world), ROWS, since=day)
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    url = f"{server.url}/api/v1/call-records?format=csv&to="
    assert httpx.get(f"{url}{day:%Y-%m-%d}T00:01:00Z", headers=headers).status_code == 200
    before = memory(server)
    lines = 0
    with httpx.stream("GET", f"{url}2999-01-01T00:00:00Z", headers=headers, timeout=60) as answer:
        for part in answer.iter_raw():
            lines += part.count(b"\n")
    assert lines == ROWS + 1
    assert memory(server) - before < MEGABYTES
    owner_rows("DELETE FROM trunks_callrecord WHERE subscription_id = %s", [world.subscription.id])


def ask(server: Server, token: str) -> socket.socket:
    """Somebody who asks for everything and reads the first line of the answer alone."""
    reader = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lines = ("GET /api/v1/call-records?format=csv HTTP/1.1", "Host: 127.0.0.1",
             f"Authorization: Bearer {token}", "", "")  # fmt: skip
    reader.sendall("\r\n".join(lines).encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader


def test_stalled_readers_do_not_block_others(server: Server, world: World, day: datetime) -> None:
    put_on_record(world, trunk_id(world), 50_000, since=day)
    token = world.token(world.group)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/api/v1/call-records"
    with ExitStack() as readers:
        for _ in range(STREAMS):
            readers.enter_context(ask(server, token))
        refused = httpx.get(f"{url}?format=csv", headers=headers)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
        for _ in range(20):
            assert httpx.get(url, headers=headers, timeout=2).status_code == 200
    wait_for(
        lambda: httpx.get(f"{url}?format=csv", headers=headers, timeout=20).status_code == 200,
        "room for another reader, when those have gone",
    )


def rest_of(reader: socket.socket) -> bytes:
    """The end of what a reader gets who reads on; empty when the connection was given up."""
    end = b""
    try:
        deadline = time.monotonic() + 60
        while piece := reader.recv(1 << 20):
            assert time.monotonic() < deadline, "the answer does not end"
            end = (end + piece)[-500:]
    except OSError:
        return b""
    return end


def test_stalled_readers_are_cut_off(server: Server, world: World, day: datetime) -> None:
    """While they stay connected, others get it; half an answer does not look like a whole one."""
    put_on_record(world, trunk_id(world), 50_000, since=day)
    token = world.token(world.group)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/api/v1/call-records?format=csv"
    with ExitStack() as stack:
        readers = [stack.enter_context(ask(server, token)) for _ in range(STREAMS)]
        assert httpx.get(url, headers=headers).status_code == 429
        wait_for(
            lambda: httpx.get(url, headers=headers, timeout=20).status_code == 200,
            "the place of one who stands still",
            2 * PATIENCE,
        )
        for reader in readers:
            end = rest_of(reader)
            assert not end or CUT_OFF.encode() in end
