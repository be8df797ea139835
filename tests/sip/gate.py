"""The connection between a proxy and Fusion, which a test can close, open again, and block."""

import socket
import threading
from contextlib import suppress

from tests.bounds import PATIENCE


class Gate:
    """Forwards connections to `target`: a TCP address, or the path of a unix socket."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self.target = target
        self.port = 0
        self._passing = threading.Event()
        self._passing.set()
        self._held: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.open()

    def open(self) -> None:
        """Let connections through, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def close(self) -> None:
        """Cut all connections and refuse new ones, as if Fusion had stopped."""
        if self._listener is not None:
            _shut(self._listener)
            self._listener = None
        for each in self._held:
            _shut(each)
        self._held.clear()
        self._passing.set()

    def block(self) -> None:
        """Hold back requests to Fusion, as if it were slow."""
        self._passing.clear()

    def unblock(self) -> None:
        """Pass the held requests on, even if their senders no longer wait."""
        self._passing.set()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            for here, _ in iter(listener.accept, None):
                there = self._connect()
                self._held += [here, there]
                for source, sink, asking in ((here, there, True), (there, here, False)):
                    threading.Thread(
                        target=self._forward, args=[source, sink, asking], daemon=True
                    ).start()

    def _connect(self) -> socket.socket:
        if isinstance(self.target, tuple):
            return socket.create_connection(self.target, timeout=PATIENCE)
        there = socket.socket(socket.AF_UNIX)
        there.connect(self.target)
        return there

    def _forward(self, source: socket.socket, sink: socket.socket, asking: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                if asking:
                    self._passing.wait(PATIENCE)
                sink.sendall(piece)
        _shut(source)
        _shut(sink)


def _shut(held: socket.socket) -> None:
    with suppress(OSError):
        held.shutdown(socket.SHUT_RDWR)
    held.close()
