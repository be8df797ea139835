"""`fusion serve`: Granian with our WSGI application, and what must be so before it starts."""

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from django.conf import settings
from django.utils.module_loading import import_string
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import MPServer

from fusion.cli.address import check_address
from fusion.edge.folders import metrics_folder
from fusion.edge.process import let_children_be_stopped, settle_in

GRACE = 30
"""Seconds that requests under way may take when the server is told to stop."""

INSISTENCE = 1.0
"""Seconds after which they are told again."""

LOGGING = {
    "formatters": {},
    "handlers": {},
    "filters": {"advice": {"()": lambda: _is_no_advice}},
    "loggers": {"_granian": {"propagate": True, "filters": ["advice"]}},
}
"""Granian's own lines go where all the others go, without its advice on the number of threads:
ours wait for the database most of the time."""


class InsistentServer(MPServer):
    """Granian, which tells its processes to stop until they do.

    One that is about to serve at the very moment when it is told overlooks that.
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
    """Serve until told to stop."""
    check_address(host, port)
    server = InsistentServer(
        "fusion.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
        log_dictconfig=LOGGING,
    )
    click.echo(f"Fusion listens on http://{host}:{port} (API: /api/v1/docs)", err=True)
    let_children_be_stopped()
    with metrics_folder(settings.VAR) as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        server.serve(target_loader=partial(_load_application, os.getpid()), wrap_loader=False)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "Consider" not in record.getMessage()


def _load_application(supervisor: int) -> Callable[..., Any]:
    """Runs in each server process: nothing of the application is loaded before the fork."""
    settle_in(supervisor)
    application: Callable[..., Any] = import_string("fusion.wsgi.application")
    return application
