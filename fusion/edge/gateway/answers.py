"""Sending the application's response, and giving up on clients that do not read it."""

import os
import select
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import structlog

from fusion.edge.gateway.environ import Environ
from fusion.edge.gateway.watch import Watch
from fusion.kernel.stream import CUT_OFF

log = structlog.get_logger(__name__)

IN_ONE_PIECE = 1024 * 1024
"""Largest response of known length that is sent in one piece, in bytes."""

PATIENCE = 20.0
"""How many seconds a client may stop reading, in total per response; every `SLOWEST` bytes add a
second.
"""

SLOWEST = 16 * 1024

OPENED_WITHIN = 5.0
"""Seconds within which Granian begins to read a response."""

Headers = list[tuple[str, str]]


class Reply:
    """Granian's half of one request. Set `proto` to None when done with it.

    Frames kept by an exception refer to the reply until Python collects them; Granian closes a
    connection only when nothing refers to its own object.
    """

    __slots__ = ("proto",)

    def __init__(self, proto: Any) -> None:
        self.proto = proto

    def fail(self) -> None:
        """500 without a body."""
        self.proto.response_empty(500, [])


class Answers:
    """Sends the responses of one process."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._folder = tempfile.TemporaryDirectory(prefix="fusion-answers-")
        self._names = count()

    def send(self, environ: Environ, reply: Reply, application: Any) -> None:
        """Run the application and send its response; 500 without a body if it fails."""
        status, headers = 500, Headers()

        def start_response(line: str, pairs: Headers, _: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line[:3]), pairs

        try:
            result = application(environ, start_response)
        except Exception:
            log.exception("the application failed")
            reply.fail()
            return
        try:
            if _is_whole(result, headers):
                reply.proto.response_bytes(status, headers, b"".join(result))
            elif environ["REQUEST_METHOD"] == "HEAD":
                reply.proto.response_empty(status, headers)
            else:
                self._stream(reply, status, headers, result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _stream(self, reply: Reply, status: int, headers: Headers, result: Iterable[bytes]) -> None:
        """Send through a named pipe, which Granian reads as fast as the client reads."""
        path = Path(self._folder.name) / str(next(self._names))
        os.mkfifo(path, 0o600)
        reply.proto.response_file(status, headers, str(path))
        pipe = _open(path)
        if pipe is None:
            return
        if _write(pipe, result):
            os.close(pipe)
        else:
            log.warning("a client read its response too slowly", seconds=PATIENCE)
            self.watch.finish(pipe, CUT_OFF.encode())


def _is_whole(result: Any, headers: Headers) -> bool:
    """Whether the response is complete already, or small."""
    if isinstance(result, list | tuple) or getattr(result, "streaming", None) is False:
        return True
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    return bool(lengths) and int(lengths[0]) <= IN_ONE_PIECE


def _open(path: Path) -> int | None:
    """Open the pipe for writing, once it has a reader; None if it gets none."""
    deadline = monotonic() + OPENED_WITHIN
    try:
        while monotonic() < deadline:
            with suppress(OSError):  # ENXIO: nobody has opened it for reading
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            sleep(0.001)
        # A process that opens it at this very moment must not wait for ever.
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        return None
    finally:
        path.unlink(missing_ok=True)


def _write(pipe: int, pieces: Iterable[bytes]) -> bool:
    """Write all pieces; False if the client was too slow. A client that disconnected is ignored."""
    poll = select.poll()
    poll.register(pipe, select.POLLOUT)
    waited, sent = 0.0, 0
    for piece in pieces:
        left = memoryview(piece)
        while left:
            try:
                written = os.write(pipe, left)
            except BlockingIOError:
                begun = monotonic()
                patience = PATIENCE + sent / SLOWEST - waited
                if patience <= 0 or not poll.poll(patience * 1000):
                    return False
                waited += monotonic() - begun
            except BrokenPipeError:
                return True
            else:
                sent += written
                left = left[written:]
    return True
