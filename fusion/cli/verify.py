"""`fusion verify`: the books, recomputed."""

import click

from fusion.ordering.verify import differences


def run() -> int:
    """Print each difference; 1 when there are any."""
    found = differences()
    for difference in found:
        click.echo(difference)
    if found:
        click.echo(f"fusion: {len(found)} differences", err=True)
        return 1
    click.echo("No differences: every balance and holding matches its entries and orders.")
    return 0
