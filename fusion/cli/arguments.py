"""Arguments of commands, checked by the types of the API's fields."""

from typing import Any
from uuid import UUID

import click
from pydantic import TypeAdapter, ValidationError

from fusion.access.actor import Actor, system_actor
from fusion.tenancy.models import Organization

LABEL = "system:command-line"
"""The actor of the command line's changes in the audit trail."""


def checked(kind: Any, value: str, name: str) -> str:
    """`value`, if it is valid for that type; click.UsageError otherwise."""
    try:
        text: str = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise click.UsageError(f"{name}: {message}.") from None
    return text


def find_for_operator(organization_id: UUID) -> tuple[Actor, Organization]:
    """The organization, of any group, and an actor that may change it."""
    everything = Organization.objects.unscoped("an operator may name any organization")
    organization = everything.filter(id=organization_id, status="active").first()
    if organization is None:
        raise click.UsageError(f"No organization has the id {organization_id}.")
    return system_actor(organization.group_id, LABEL), organization
