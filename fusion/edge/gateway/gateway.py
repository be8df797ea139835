"""The path of a request from its headers in Granian until it is complete for the application."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from time import monotonic
from typing import Any

import structlog

from fusion.edge.gateway import bodies
from fusion.edge.gateway.answers import Answers, Reply
from fusion.edge.gateway.bodies import Draining, Memory, PieceReading, Reading
from fusion.edge.gateway.environ import Environ, environ_of
from fusion.edge.gateway.terms import SMALL, Terms, terms_of
from fusion.edge.gateway.threads import Threads
from fusion.edge.gateway.watch import Watch
from fusion.edge.limits import ARRIVED, REFUSAL, too_large
from fusion.kernel.errors import Problem

log = structlog.get_logger(__name__)

Free = Callable[[], None] | None
"""Releases the memory of a body."""

HEALTH = "/healthz"
"""Answered at once, however many requests wait for a thread."""

QUESTIONS = frozenset(("/readyz", "/metrics"))
"""Answered by separate threads, because they are needed when all others wait for the database.
"""

DRAINED, DRAINED_FOR = 256 * 1024, 2.0
"""How many bytes of an unwanted body are read after its response, and for how many seconds, so that
a client that writes before it reads sees the response. Then the connection is closed.
"""


class Gateway:
    """Passes requests to the WSGI `application`, at most `threads` at a time."""

    def __init__(self, application: Callable[..., Any], threads: int) -> None:
        self.application = application
        self.threads = Threads(threads)
        self.watch = Watch()
        self.answers = Answers(self.watch)
        self.memory = Memory()
        self.checks = ThreadPoolExecutor(4, "check")
        self.refusals = ThreadPoolExecutor(2, "refuse")
        self.questions = ThreadPoolExecutor(2, "question")

    def schedule(self, watcher: Any) -> None:
        """Granian calls this for each request; it must not raise."""
        try:
            self._take(environ_of(watcher.scope), Reply(watcher.proto))
        except Exception:
            log.exception("a request failed before the application")
            watcher.proto.response_empty(500, [])

    def _take(self, environ: Environ, reply: Reply) -> None:
        length = environ.get("CONTENT_LENGTH", "0")
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        environ[ARRIVED] = monotonic()
        if environ["PATH_INFO"] == HEALTH:
            self._answer(environ, reply, unread=chunked or length != "0")
        elif environ["PATH_INFO"] in QUESTIONS:
            unread = chunked or length != "0"
            self.questions.submit(partial(self._answer, environ, reply, unread=unread))
        elif length == "0" and not chunked:
            self.threads.run(partial(self._answer, environ, reply))
        else:
            self._receive(environ, reply, None if chunked else int(length))

    def _receive(self, environ: Environ, reply: Reply, declared: int | None) -> None:
        terms = terms_of(environ)
        if terms is None:
            self.threads.run(partial(self._answer, environ, reply, unread=True))
        elif declared is not None and declared > terms.limit:
            self._refuse(environ, reply, too_large(terms.limit), unread=True)
        elif declared is not None and declared <= SMALL:
            self._read_small(environ, reply, declared, terms)
        elif terms.check is None:
            self._read_large(environ, reply, declared, terms)
        else:
            self.checks.submit(self._read_checked, environ, reply, declared, terms)

    def _read_small(self, environ: Environ, reply: Reply, declared: int, terms: Terms) -> None:
        """Read at once; look up the sender only if the body is late."""

        def end(body: bytes | None, failure: str) -> None:
            self.watch.remove(reading)
            self._ended(environ, reply, body, failure, terms=terms)

        reading = Reading(reply.proto, declared, terms.limit, terms.seconds, end)
        expire = partial(reading.stop, bodies.LATE)

        def check() -> None:
            self.watch.at(reading.deadline, reading, expire)
            if terms.check is not None:
                self.checks.submit(self._check_late, environ, reply, reading, terms.check)

        self.watch.at(monotonic() + bodies.CHECKED_AFTER, reading, check)
        reading.start()

    def _check_late(
        self, environ: Environ, reply: Reply, reading: Reading, check: Callable[[Environ], bool]
    ) -> None:
        if not check(environ) and reading.claim() is not None:
            self.watch.remove(reading)
            self._answer(environ, reply)

    def _read_checked(
        self, environ: Environ, reply: Reply, declared: int | None, terms: Terms
    ) -> None:
        try:
            if terms.check is not None and not terms.check(environ):
                self._answer(environ, reply, unread=True)
            else:
                self._read_large(environ, reply, declared, terms)
        except Exception:
            log.exception("a body could not be read")
            reply.fail()

    def _read_large(
        self, environ: Environ, reply: Reply, declared: int | None, terms: Terms
    ) -> None:
        def end(body: bytes | None, failure: str) -> None:
            self.watch.remove(reading)
            self._ended(environ, reply, body, failure, terms=terms, free=reading.free)

        reading = PieceReading(self.memory, reply.proto, declared, terms.limit, terms.seconds, end)
        self.watch.at(reading.deadline, reading, partial(reading.stop, bodies.LATE))
        reading.start()

    def _ended(
        self,
        environ: Environ,
        reply: Reply,
        body: bytes | None,
        failure: str,
        *,
        terms: Terms,
        free: Free = None,
    ) -> None:
        if body is None:
            if free is not None:
                free()
            large = failure == bodies.LARGE
            self._refuse(environ, reply, _problem(failure, terms), unread=large)
            return
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ[ARRIVED] = monotonic()
        environ["wsgi.input"] = BytesIO(body)
        self.threads.run(partial(self._answer, environ, reply, free=free))

    def _refuse(
        self, environ: Environ, reply: Reply, problem: Problem, *, unread: bool = False
    ) -> None:
        environ[REFUSAL] = problem
        self.refusals.submit(partial(self._answer, environ, reply, unread=unread))

    def _answer(
        self,
        environ: Environ,
        reply: Reply,
        *,
        unread: bool = False,
        free: Free = None,
    ) -> None:
        try:
            self.answers.send(environ, reply, self.application)
        finally:
            if free is not None:
                free()
            if unread:
                self._drain(reply)
            reply.proto = None

    def _drain(self, reply: Reply) -> None:
        def end(body: bytes | None, failure: str) -> None:
            self.watch.remove(reading)

        reading = Draining(self.memory, reply.proto, None, DRAINED, DRAINED_FOR, end)
        self.watch.at(reading.deadline, reading, partial(reading.stop, bodies.LATE))
        reading.start()


def _problem(failure: str, terms: Terms) -> Problem:
    if failure == bodies.LATE:
        return Problem(
            "request-timeout",
            f"The body was not complete within {terms.seconds:g} seconds of the headers.",
            headers={"Connection": "close"},
        )
    if failure == bodies.LARGE:
        return too_large(terms.limit)
    if failure == bodies.FULL:
        return Problem(
            "unavailable",
            f"The server has reached its limit of {bodies.TOTAL} bytes for large request "
            "bodies. Try again later.",
            headers={"Retry-After": "10"},
        )
    return Problem("invalid-json", "The request body is incomplete, or it has trailers.")
