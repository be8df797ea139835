"""Sending what the application answers, and giving up on readers who do not read."""

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
"""Bytes of an answer of known length that is sent in one piece, whatever the application gives."""

PATIENCE = 20.0
"""Seconds that a reader may stand still, over a whole answer; it gains a second by every
`SLOWEST` bytes."""

SLOWEST = 16 * 1024

OPENED_WITHIN = 5.0
"""Seconds within which Granian begins to read an answer."""

Headers = list[tuple[str, str]]


class Reply:
    """Granian's half of one request. Who is done with it sets `proto` to None.

    Frames that an exception has kept refer to the reply until Python collects them; Granian lets a
    connection go only when nothing refers to its own object.
    """

    __slots__ = ("proto",)

    def __init__(self, proto: Any) -> None:
        self.proto = proto

    def fail(self) -> None:
        """500 without a body."""
        self.proto.response_empty(500, [])


class Answers:
    """Sends the answers of one process."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._folder = tempfile.TemporaryDirectory(prefix="fusion-answers-")
        self._names = count()

    def send(self, environ: Environ, reply: Reply, application: Any) -> None:
        """Run the application and send its answer; 500 without a body when it fails."""
        status, headers = 500, Headers()

        def start_response(line: str, given: Headers, _: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line[:3]), given

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
        """Through a named pipe, which Granian reads as fast as the reader of the answer does."""
        path = Path(self._folder.name) / str(next(self._names))
        os.mkfifo(path, 0o600)
        reply.proto.response_file(status, headers, str(path))
        pipe = _open(path)
        if pipe is None:
            return
        if _write(pipe, result):
            os.close(pipe)
        else:
            log.warning("a reader was too slow", seconds=PATIENCE)
            self.watch.finish(pipe, CUT_OFF.encode())


def _is_whole(result: Any, headers: Headers) -> bool:
    """Whether the answer is there already, or small."""
    if isinstance(result, list | tuple) or getattr(result, "streaming", None) is False:
        return True
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    return bool(lengths) and int(lengths[0]) <= IN_ONE_PIECE


def _open(path: Path) -> int | None:
    """The pipe's end for writing, once somebody reads; None when nobody does."""
    deadline = monotonic() + OPENED_WITHIN
    try:
        while monotonic() < deadline:
            with suppress(OSError):  # ENXIO: nobody has opened it for reading
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            sleep(0.001)
        # Whoever opens it at this very moment must not wait for ever.
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        return None
    finally:
        path.unlink(missing_ok=True)


def _write(pipe: int, pieces: Iterable[bytes]) -> bool:
    """Write all pieces; False when the reader was too slow. One who has gone is no concern."""
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
