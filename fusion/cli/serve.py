"""`fusion serve`: Granian with our WSGI application, and what must be so before it starts."""

import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from django.conf import settings
from django.utils.module_loading import import_string
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from fusion.cli.address import check_address
from fusion.edge.folders import metrics_folder
from fusion.edge.process import let_children_be_stopped, settle_in

GRACE = 30
"""Seconds that requests under way may take when the server is told to stop."""

LOGGING = {
    "formatters": {},
    "handlers": {},
    "filters": {"advice": {"()": lambda: _is_no_advice}},
    "loggers": {"_granian": {"propagate": True, "filters": ["advice"]}},
}
"""Granian's own lines go where all the others go, without its advice on the number of threads:
ours wait for the database most of the time."""


def run(*, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until told to stop."""
    check_address(host, port)
    server = Server(
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
