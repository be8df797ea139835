"""`fusion fill-history`."""

import click

from fusion.cli.errors import CommandFailed
from fusion.reporting.rollup import fill_history


def run() -> None:
    """Recompute the overview's past 90 days; prints their time."""
    try:
        at = fill_history()
    except TimeoutError as error:
        raise CommandFailed(f"Nothing was written: {error}. Try again.", 1) from error
    click.echo(f"Filled the past 90 days of the overview as of {at:%Y-%m-%d %H:%M:%S} UTC.")
