"""`fusion create-administrator`."""

from uuid import UUID

import click

from fusion.accounts.create_member import create_member
from fusion.cli.arguments import checked, find_for_operator
from fusion.kernel.fields import Name


def run(
    *,
    organization_id: UUID,
    email: str,
    name: str | None,
    role: str,
    password: str | None,
    as_json: bool,
) -> None:
    """Create the member; prints its id, or the document as JSON."""
    actor, organization = find_for_operator(organization_id)
    answer = create_member(
        actor,
        organization_id=organization.id,
        email=email,
        password=password,
        name=None if name is None else checked(Name, name, "--name"),
        role=role,
    )
    click.echo(answer.text if as_json else answer.body["id"])
