"""`fusion create-group`."""

import click

from fusion.cli.arguments import LABEL, checked
from fusion.kernel.fields import Name, Reference
from fusion.lifecycle.create_group import create_group


def run(*, name: str, external_reference: str | None, as_json: bool) -> None:
    """Create the group; prints its id, or the document as JSON."""
    if external_reference is not None:
        external_reference = checked(Reference, external_reference, "--external-reference")
    answer = create_group(
        name=checked(Name, name, "NAME"), external_reference=external_reference, label=LABEL
    )
    click.echo(answer.text if as_json else answer.body["id"])
