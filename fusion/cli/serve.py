"""`fusion serve`: Granian with our WSGI application, and the checks before it starts."""

import logging
import os
import resource
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from django.conf import settings
from django.utils.module_loading import import_string
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from fusion.cli.advice import advise
from fusion.cli.port_check import check_address, is_loopback
from fusion.edge.gateway.server import GatewayServer
from fusion.edge.metrics_directory import metrics_folder
from fusion.edge.server_process import let_children_be_stopped, settle_in
from fusion.kernel.database import HOT, limit_statements

GRACE = 30
"""Seconds that requests in progress may take after the signal to stop."""

INSISTENCE = 1.0
"""Seconds after which the signal is repeated."""

CONNECTIONS = 4096
"""Concurrent connections of one server process, and those that wait to be accepted."""

LOGGING = {
    "formatters": {},
    "handlers": {},
    "filters": {"advice": {"()": lambda: _is_no_advice}},
    "loggers": {"_granian": {"propagate": True, "filters": ["advice"]}},
}
"""Granian's log lines go to our log, without its advice on the number of threads: ours wait for the
database most of the time.
"""


class InsistentServer(GatewayServer):
    """Granian, but repeats the stop signal until its processes end.

    A process that is just about to serve misses the signal.
    """

    def _stop_workers(self) -> None:
        stopped = threading.Event()
        threading.Thread(target=self._insist, args=(stopped,), daemon=True).start()
        try:
            super()._stop_workers()  # type: ignore[no-untyped-call]
        finally:
            stopped.set()

    def _insist(self, stopped: threading.Event) -> None:
        while not stopped.wait(INSISTENCE):
            for worker in list(self.wrks):
                worker.terminate()  # type: ignore[no-untyped-call]


def run(*, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until the signal to stop."""
    check_address(host, port)
    server = InsistentServer(
        "fusion.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
        log_dictconfig=LOGGING,
    )
    advise()
    click.echo(f"Fusion listens on http://{host}:{port} (API: /api/v1/docs)", err=True)
    if not settings.HTTPS and not is_loopback(host):
        click.echo(
            f"Warning: FUSION_HTTPS is not set, but other machines can reach {host}. "
            "Passwords and cookies may travel unencrypted. Set FUSION_HTTPS if a proxy "
            "terminates TLS.",
            err=True,
        )
    let_children_be_stopped()
    _allow_connections()
    with metrics_folder(settings.VAR) as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        load: Any = partial(_load_application, os.getpid(), threads)
        server.serve(target_loader=load, wrap_loader=False)


def _allow_connections() -> None:
    """Each connection takes a file descriptor, and many systems allow 1,024 unless a process raises
    the limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(2 * CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "Consider" not in record.getMessage()


def _load_application(supervisor: int, threads: int) -> tuple[Callable[..., Any], int]:
    """Runs in each server process: the application is not loaded before the fork."""
    settle_in(supervisor)
    limit_statements(HOT)
    application: Callable[..., Any] = import_string("fusion.wsgi.application")
    return application, threads
