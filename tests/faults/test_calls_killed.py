"""`kill -9` of the server while calls come and go: what was acknowledged is so, once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from fusion.cli.verify import differences
from tests.bounds import PATIENCE
from tests.faults.processes import kill_all
from tests.server import run_server, wait_for
from tests.trunks.calling import live, order_channels, rows, trunk_id
from tests.world import World

CLIENTS, CHANNELS = 6, 1000


class Phones:
    """Clients that admit one call after the other and end every second one."""

    def __init__(self, world: World, url: str, trunk: str) -> None:
        self.calls, self.trunk = f"{url}/api/v1/trunks/{trunk}/calls/inbound", trunk
        self.headers = {"Authorization": f"Bearer {world.token(world.group)}"}
        self.up: set[str] = set()
        self.over: set[str] = set()
        self.unknown: set[str] = set()
        """Calls whose last request was not answered."""
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._running = [self._pool.submit(self._work, who) for who in range(CLIENTS)]

    def stop(self) -> None:
        """Let the clients finish what they are at."""
        self._stop.set()
        for client in self._running:
            client.result(PATIENCE)
        self._pool.shutdown()

    def _work(self, who: int) -> None:
        with httpx.Client(timeout=30, headers=self.headers) as http:
            for call in self._names(who):
                if not self._ask(http, "PUT", call, 201):
                    continue
                self.up.add(call)
                if len(self.up) % 2 and self._ask(http, "DELETE", call, 204):
                    self.over.add(call)

    def _names(self, who: int) -> Iterator[str]:
        for n in range(CHANNELS // CLIENTS):
            if self._stop.wait(0.002):
                return
            yield f"{who}.{n}"

    def _ask(self, http: httpx.Client, method: str, call: str, expected: int) -> bool:
        body = {"caller": "", "callee": "+3225550199"}
        try:
            answer = http.request(
                method, f"{self.calls}/{call}", json=body if method == "PUT" else None
            )
        except httpx.TransportError:
            self.unknown.add(call)
            self._stop.wait(0.05)
            return False
        assert answer.status_code == expected, answer.text
        return True


def test_all_of_the_server_is_killed(world: World, tmp_path: Path) -> None:
    order_channels(world, CHANNELS)
    trunk = trunk_id(world)
    world.token(world.group)
    with run_server(tmp_path / "log", "--workers", "2", "--threads", "4") as server:
        phones = Phones(world, server.url, trunk)
        wait_for(lambda: len(phones.over) > 40, "calls that come and go")
        kill_all(server.process.pid)
        server.process.wait(PATIENCE)
        wait_for(lambda: bool(phones.unknown), "somebody to be hit")
        phones.stop()

    up = phones.up - phones.over - phones.unknown
    found = set(live(world))
    on_record = [
        call for (call,) in rows("SELECT call_id FROM trunks_callrecord WHERE trunk_id = %s", trunk)
    ]
    assert up <= found <= up | phones.unknown
    assert phones.over <= set(on_record) <= phones.over | phones.unknown
    assert len(on_record) == len(set(on_record))
    assert not found & set(on_record)

    # The proxy goes on: calls that are up are renewed, ends that got no answer reported.
    with run_server(tmp_path / "log", "--workers", "1") as server:
        phones.calls = f"{server.url}/api/v1/trunks/{trunk}/calls/inbound"
        with httpx.Client(timeout=30, headers=phones.headers) as http:
            for call in sorted(up)[:10]:
                assert phones._ask(http, "PUT", call, 200)
            for call in phones.unknown:
                assert phones._ask(http, "DELETE", call, 204)
    assert set(live(world)) == up
    assert differences() == []
