"""Granian with the gateway in place of its own bridge from a request to Python.

This uses internals of Granian, because its public interface would take a turn through asyncio for
each request: twice the cost of its WSGI bridge (docs/decisions/0028). That is why pyproject.toml
pins Granian to the releases that the tests have run with.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event
from time import sleep
from typing import Any

import structlog
from granian._granian import CallbackScheduler, RSGIWorker
from granian._signals import set_sync_signals
from granian.server.common import WORKERS_METHODS
from granian.server.mp import MPServer, WorkerProcess

from fusion.edge.gateway.gateway import Gateway

ARGUMENTS = (
    "loop",
    "runtime_mode",
    "runtime_threads",
    "runtime_blocking_threads",
    "blocking_threads",
    "blocking_threads_idle_timeout",
    "backpressure",
    "task_impl",
    "http_mode",
    "http1_settings",
    "http2_settings",
    "websockets",
    "static_path",
    "log_access_fmt",
    "ssl_ctx",
    "scope_opts",
    "metrics",
)
"""Granian's arguments for a worker process, after its number, the target and the sockets."""

log = structlog.get_logger(__name__)

SPARE = 2
"""Threads besides those that answer requests: for health, and for receiving bodies."""

UNREAD_AFTER = 30_000
"""Milliseconds after which the kernel closes a connection whose peer neither reads nor acknowledges
anything.
"""


class Loop:
    """Replaces Granian's event loop: runs each callback at once."""

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> None:
        """Call it at once."""
        callback(*args)

    call_soon_threadsafe = call_soon


class Scheduler(CallbackScheduler):
    """Passes each request to the gateway, in one of Granian's threads for Python."""

    __slots__ = ()

    def __new__(cls, gateway: Gateway, loop: Loop) -> "Scheduler":
        """Granian's own class takes arguments for coroutines; there are none here."""
        scheduler: Scheduler = super().__new__(  # type: ignore[call-arg]
            cls, loop, gateway.schedule, None, None, None
        )
        scheduler._schedule_fn = gateway.schedule  # type: ignore[attr-defined]
        return scheduler

    def __init__(self, gateway: Gateway, loop: Loop) -> None:
        super().__init__()


class GatewayServer(MPServer):
    """A server whose target is a `Gateway` for `threads` threads."""

    @staticmethod
    @WorkerProcess.wrap_target  # type: ignore[untyped-decorator]
    def _spawn_rsgi_worker(
        worker_id: int, callback: Any, sock: Any, ipc: Any, *others: Any
    ) -> None:
        arguments = dict(zip(ARGUMENTS, others, strict=True))
        application, threads = callback
        shutdown = set_sync_signals()  # type: ignore[no-untyped-call]
        ended = Event()
        shutdown.add_cb(ended.set)
        worker = RSGIWorker(  # type: ignore[call-arg]
            worker_id,
            sock,
            ipc,
            arguments["runtime_threads"],
            arguments["runtime_blocking_threads"],
            threads + SPARE,
            arguments["blocking_threads_idle_timeout"],
            arguments["backpressure"],
            arguments["http_mode"],
            arguments["http1_settings"],
            arguments["http2_settings"],
            arguments["websockets"],
            arguments["static_path"],
            *arguments["ssl_ctx"],
            arguments["metrics"],
        )
        mode = WORKERS_METHODS[arguments["runtime_mode"]]
        serve = getattr(worker, mode[(sock[0] or sock[1]).is_uds()])
        loop = Loop()
        serve(Scheduler(Gateway(application, threads), loop), loop, shutdown)
        _give_up_on_silence()
        ended.wait()


def _give_up_on_silence() -> None:
    """Set `UNREAD_AFTER` on Granian's listening socket: connections inherit it."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:
        return
    for _ in range(500):
        for listener in _listening():
            listener.setsockopt(socket.IPPROTO_TCP, option, UNREAD_AFTER)
            return
        sleep(0.01)
    log.warning("stalled connections are left to the kernel")


def _listening() -> Iterator[socket.socket]:
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError), socket.socket(fileno=os.dup(int(name))) as found:
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield found
