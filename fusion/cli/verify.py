"""`fusion verify`: recompute every balance and holding from its history and report differences."""

from collections.abc import Mapping
from importlib import import_module

import click
from django.apps import apps
from django.db import transaction
from django.utils.module_loading import module_has_submodule

from fusion.kernel.checks import run_checks
from fusion.kernel.database import execute


def all_checks() -> Mapping[str, str]:
    """The checks of every room that has a module `checks`."""
    rooms = [config.module for config in apps.get_app_configs() if config.module is not None]
    found: dict[str, str] = {}
    for room in rooms:
        if room.__name__.startswith("fusion.") and module_has_submodule(room, "checks"):
            found.update(import_module(f"{room.__name__}.checks").CHECKS)
    return found


def differences() -> list[str]:
    """One readable line per difference; empty if the books agree.

    Read-only; all checks share one snapshot, so that it can run while the system is busy.
    """
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return list(run_checks(all_checks()))


def run() -> int:
    """Print each difference; returns 1 if there are any."""
    found = differences()
    for difference in found:
        click.echo(difference)
    if found:
        click.echo(f"fusion: {len(found)} differences", err=True)
        return 1
    click.echo("No differences: every balance and holding matches its entries and orders.")
    return 0
