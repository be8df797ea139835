"""`fusion seed`: fictitious providers, with a progress bar."""

import sys
import time

import click

from fusion.seed.plan import Plan
from fusion.seed.seed import seed


def run(*, sizes: dict[str, int]) -> None:
    """Create the requested providers; prints the ids of the groups."""
    plan = Plan(**sizes)
    began = time.monotonic()
    with click.progressbar(length=plan.steps, label="Seeding", file=sys.stderr) as bar:
        groups = seed(plan, bar.update)
    for group in groups:
        click.echo(group)
    seconds = time.monotonic() - began
    click.echo(
        f"{plan.subscriptions} subscriptions and {plan.orders} orders in {seconds:.0f} s", err=True
    )
