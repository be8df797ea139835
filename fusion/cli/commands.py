"""The commands, their options and their help. The work of each is a module of its own.

A new command is declared here and hands over to `perform("<module>", **options)`, whose `run`
returns the exit code, or None for 0.
"""

import click

from fusion import __version__
from fusion.cli.database import perform

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="fusion")
def fusion() -> None:
    """Orders, licences and provisioning limits for telecom service providers.

    \b
    First steps:
      fusion migrate                       create or update the tables
      fusion create-group "Example Tel"    a service provider
      fusion create-client GROUP_ID        credentials for the API
      fusion serve                         the API at http://127.0.0.1:8000
      fusion worker                        applies scheduled orders

    Without DATABASE_URL an embedded PostgreSQL is started, with its data under ./var/postgres.
    Other settings: docs/operators-guide.md.

    \b
    Exit codes: 0 done; 1 refused, or differences found; 2 wrong usage; 3 database not reachable
    or not migrated, or a setting is wrong; 4 a fault of Fusion itself; 130 interrupted.
    """


@fusion.command()
def migrate() -> int | None:
    """Create or update the tables and the database functions.

    Safe to repeat, and safe when several run at once: the later ones wait. It gives up, changing
    nothing more, when a table stays locked by others for longer than five seconds.

    \b
    Example:
      fusion migrate
    """
    return perform("fusion.cli.migrate")


@fusion.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    help="Port to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Server processes; as many as there are processor cores is a good number.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="Requests that one process handles at a time.",
)
def serve(host: str, port: int, workers: int, threads: int) -> int | None:
    """Serve the HTTP API until SIGTERM or SIGINT; requests under way are finished first.

    Each process holds at most FUSION_DATABASE_POOL connections to the database.

    \b
    Examples:
      fusion serve
      PORT=8080 fusion serve --host 0.0.0.0 --workers 4
    """
    return perform("fusion.cli.serve", host=host, port=port, workers=workers, threads=threads)
