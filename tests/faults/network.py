"""A network between a client and its server that can be cut, frozen and slowed down."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.bounds import PATIENCE

TICK = 0.02


class Network:
    """Forwards connections to 127.0.0.1:`port` to the server at `url`, unless told otherwise."""

    def __init__(self, url: str) -> None:
        self._target = conninfo_to_dict(url)
        self._frozen = threading.Event()
        self._delay = 0.0
        self._ended = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()

    def url(self) -> str:
        """The address of the server through this network."""
        user, password = (quote(str(self._target.get(name, ""))) for name in ("user", "password"))
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{self._target['dbname']}"

    def freeze(self) -> None:
        """From here on nothing passes in either direction: data is acknowledged, new connections
        are accepted, and no answer arrives."""
        self._frozen.set()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for pair in list(self._pairs):
            _end(pair)

    def slow(self, seconds: float) -> None:
        """Delay all data by `seconds`."""
        self._delay = seconds

    def mend(self) -> None:
        """Pass all data again."""
        self._frozen.clear()
        self._delay = 0.0
        if self._listener is None:
            listener = socket.create_server(("127.0.0.1", self.port))
            listener.settimeout(TICK)
            self.port = listener.getsockname()[1]
            self._listener = listener
            self._start(self._accept, listener)

    def close(self) -> None:
        """End everything."""
        self._ended = True
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _start(self, work: Any, *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            with suppress(TimeoutError, OSError):
                near, _ = listener.accept()
                self._start(self._carry, near)

    def _carry(self, near: socket.socket) -> None:
        far = self._reach()
        pair = (near, far)
        self._pairs.add(pair)
        try:
            while self._pass(near, far):
                pass
        except (OSError, ValueError):  # it was cut
            pass
        finally:
            self._pairs.discard(pair)
            _end(pair)

    def _reach(self) -> socket.socket:
        host, port = str(self._target["host"]), int(self._target.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port), PATIENCE)
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(Path(host, f".s.PGSQL.{port}")))
        return far

    def _pass(self, near: socket.socket, far: socket.socket) -> bool:
        """Whether more data may follow."""
        if self._ended:
            return False
        if self._frozen.is_set():
            time.sleep(TICK)
            return True
        for source in select.select((near, far), (), (), TICK)[0]:
            piece = source.recv(65536)
            if not piece:
                return False
            time.sleep(self._delay)
            (far if source is near else near).sendall(piece)
        return True


def _end(pair: tuple[socket.socket, socket.socket]) -> None:
    for each in pair:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def network(url: str) -> Iterator[Network]:
    """A network in front of the server at `url`."""
    between = Network(url)
    try:
        yield between
    finally:
        between.close()


@contextmanager
def frozen(between: Network) -> Iterator[None]:
    """Inside, nothing passes."""
    between.freeze()
    try:
        yield
    finally:
        between.mend()
