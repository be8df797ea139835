"""`fusion demo`: a database, a fictitious provider, a server and a worker, until Ctrl-C."""

import contextlib
import io
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import click
from django.conf import settings

from fusion.cli import migrate
from fusion.cli.database import close_connections, server_url
from fusion.cli.errors import CommandFailed
from fusion.demo import facts
from fusion.demo.caller import Caller
from fusion.demo.children import Child, DemoFailed, running
from fusion.demo.installation import Installation, find_installation
from fusion.demo.load import load_demo
from fusion.demo.show import show_main_job
from fusion.demo.summary import summary
from fusion.edge import logs
from fusion.edge.readiness import find_obstacle
from fusion.kernel.environment import setting

READY_WITHIN = 60.0
"""Seconds until an unresponsive server is given up."""

TICK = 0.1
FAILED = 4

ORDERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that stop it."""


class Stopped(BaseException):
    """A signal requested the demo to stop."""


def run(*, port: int) -> None:
    """Create missing parts, show the main workflow, and serve until the signal to stop."""
    logs.configure(settings.LOGGING | {"level": "WARNING"})  # people read this output, not a log
    for order in ORDERS:
        if order != signal.SIGHUP or signal.getsignal(order) != signal.SIG_IGN:  # nohup
            signal.signal(order, _stop)
    try:
        _prepare()
        _serve(port)
    except Stopped:
        click.echo("\nStopped.")
    except DemoFailed as error:
        raise CommandFailed(str(error), FAILED) from error


def _stop(order: int, frame: FrameType | None) -> None:
    for again in ORDERS:
        signal.signal(again, signal.SIG_IGN)  # stop only once
    raise Stopped


def _prepare() -> None:
    obstacle = find_obstacle()
    if obstacle:
        click.echo("Setting up the database ...")
        with contextlib.redirect_stdout(io.StringIO()):  # a line for each of many migrations
            migrate.run()
    close_connections()  # the following code forks


def _serve(port: int) -> None:
    """Starts the server while the provider is being generated."""
    commands = {"server": ("serve", "--port", str(port)), "worker": ("worker",)}
    with running(
        logs=settings.VAR / "log",
        environment={
            "FUSION_DEMO": "true",
            "FUSION_EMAIL_URL": "files:",  # the demo sends no mail
            "FUSION_PORTAL_URL": setting("FUSION_PORTAL_URL") or _base_url(port),
            "DATABASE_URL": server_url(),
        },
        **commands,
    ) as children:
        installation = _find_or_load()
        _summarise(installation)
        demo_facts = _write_facts(installation, port, trusting=True)
        caller = Caller(port)
        _wait_for(caller.is_ready, children)
        show_main_job(demo_facts, caller)
        _print_summary(demo_facts)
        _write_facts(installation, port, trusting=False)
        _wait_for(lambda: False, children, within=None)


def _base_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _find_or_load() -> Installation:
    installation = find_installation()
    if installation is None:
        click.echo("Creating demo data ...")
        installation = load_demo()
    return installation


def _write_facts(installation: Installation, port: int, *, trusting: bool) -> dict[str, Any]:
    """Write `var/demo.json`, unless it is up to date; returns its facts."""
    file = settings.VAR / "demo.json"
    former = facts.read(file)
    demo_facts = facts.gather(
        installation, base_url=_base_url(port), former=former, trusting=trusting
    )
    if demo_facts != former:
        facts.write(file, demo_facts)
    close_connections()
    return demo_facts


def _summarise(installation: Installation) -> None:
    click.echo()
    for line in summary(installation):
        click.echo(line)


def _print_summary(demo_facts: dict[str, Any]) -> None:
    click.echo()
    click.echo(click.style(f"Serving at {demo_facts['base_url']}", bold=True))
    click.echo(
        f"  the portal                {demo_facts['base_url']}/ (its sign-in page lists who may)"
    )
    click.echo(f"  the API's documentation   {demo_facts['base_url']}/api/v1/docs")
    click.echo("  credentials of all levels var/demo.json")
    click.echo(
        f"  its e-mails               {demo_facts['base_url']}/demonstration/mails, and var/mail"
    )
    click.echo("  logs                      var/log")
    click.echo("  Ctrl-C stops everything.")


def _wait_for(
    come: Callable[[], bool], children: list[Child], within: float | None = READY_WITHIN
) -> None:
    """Wait until it is ready; DemoFailed if a child ends, or it takes longer than `within`."""
    began = time.monotonic()
    while not come():
        time.sleep(TICK)
        for child in children:
            child.require_alive()
        if within is not None and time.monotonic() - began > within:
            raise DemoFailed(f"The server is not ready after {within:.0f} seconds. See var/log.")
