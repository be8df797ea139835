"""`fusion set-host`."""

import re
from uuid import UUID

import click

from fusion.access.actor import GROUP
from fusion.branding.set_brand import set_host
from fusion.cli.arguments import find_for_operator

HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def run(*, group_id: UUID, host: str | None) -> None:
    """Set or remove the group's host name; prints the brand as JSON."""
    actor, organization = find_for_operator(group_id)
    if organization.kind != GROUP:
        raise click.UsageError(
            f"{group_id} is a {organization.kind}. Only a group can have a brand."
        )
    wanted = host.strip().lower() if host else None
    if wanted is not None and not HOST.fullmatch(wanted):
        raise click.UsageError("HOST is not a valid host name.")
    click.echo(set_host(actor, host=wanted).text)
