"""`fusion create-client`."""

from uuid import UUID

import click
import orjson

from fusion.access.rules import grantable
from fusion.cli.arguments import checked, find_for_operator
from fusion.clients.create_client import create_client
from fusion.kernel.fields import Name


def run(*, organization_id: UUID, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Create the client; prints its id and secret, only this once."""
    actor, organization = find_for_operator(organization_id)
    made = create_client(
        actor,
        organization_id=organization.id,
        name=checked(Name, name, "--name"),
        scopes=scopes or grantable(organization.kind),
    ).body
    shown = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    if as_json:
        click.echo(orjson.dumps({**shown, "scopes": made["scopes"]}))
        return
    for key, value in shown.items():
        click.echo(f"{key}: {value}")
