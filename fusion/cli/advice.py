"""Warnings of `fusion serve` and `fusion worker` about missing settings."""

import click

from fusion.kernel.environment import setting


def advise() -> None:
    """Warn on stderr, and continue."""
    if not setting("FUSION_PORTAL_URL"):
        click.echo(
            "FUSION_PORTAL_URL is not set. E-mails of groups without their own host name "
            "(fusion set-host) contain only the path of a link.",
            err=True,
        )
